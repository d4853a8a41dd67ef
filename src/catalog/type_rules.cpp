#include "catalog/type_rules.hpp"

#include <algorithm>
#include <array>

namespace pgstrata::catalog {
namespace {

// Oids of built-in types are part of PostgreSQL's wire protocol and never change.
enum : Oid {
  bool_ = 16,
  name = 19,
  int8 = 20,
  int2 = 21,
  int4 = 23,
  text = 25,
  float4 = 700,
  float8 = 701,
  bpchar = 1042,
  varchar = 1043,
  time_ = 1083,
  timestamp = 1114,
  timestamptz = 1184,
  timetz = 1266,
  bit = 1560,
  varbit = 1562,
  numeric = 1700,
  uuid = 2950
};

struct Precision {
  int whole = 0, scale = 0;  // digits before and after the point
};

// numeric's typmod packs precision and scale, the scale in 11 signed bits since PostgreSQL 15.
Precision numeric_precision(int typmod) {
  const int packed = typmod - 4;
  const int precision = (packed >> 16) & 0xffff;
  const int scale = ((packed & 0x7ff) ^ 1024) - 1024;
  return {precision - scale, scale};
}

int whole_digits(Oid integer_type) {
  return integer_type == int2 ? 5 : integer_type == int4 ? 10 : 19;
}

bool is_integer(Oid type) {
  return type == int2 || type == int4 || type == int8;
}

// The same type with another typmod.
bool typmod_widens(Oid type, int from, int to) {
  if (to == from || to == -1) return true;
  if (from == -1) return false;
  switch (type) {
    case varchar:
    case varbit:
    case time_:
    case timetz:
    case timestamp:
    case timestamptz:
      return to >= from;
    case numeric: {
      const Precision a = numeric_precision(from), b = numeric_precision(to);
      return b.whole >= a.whole && b.scale >= a.scale;
    }
    default:
      return false;  // char(n) pads, bit(n) refuses, interval fields drop
  }
}

bool widens(Oid from, Oid to, int to_typmod) {
  if (to == numeric && is_integer(from)) {
    return to_typmod == -1 || numeric_precision(to_typmod).whole >= whole_digits(from);
  }
  static constexpr std::array<std::pair<Oid, Oid>, 7> exact = {{{int2, int4},
                                                                {int2, int8},
                                                                {int4, int8},
                                                                {int2, float4},
                                                                {int2, float8},
                                                                {int4, float8},
                                                                {float4, float8}}};
  return std::ranges::find(exact, std::pair(from, to)) != exact.end();
}

// Types whose text form is one to one and depends on no setting.
bool prints_exactly(const TypeFacts& from) {
  return is_integer(from.oid) || from.oid == bool_ || from.oid == uuid || from.oid == name ||
         from.kind == 'e';
}

}  // namespace

bool lossless_cast(const TypeFacts& from, const TypeFacts& to, bool binary_coercible) {
  if (from.oid == to.oid) return typmod_widens(from.oid, from.typmod, to.typmod);
  if (to.kind == 'd') return false;  // its constraints can raise
  const Oid source = from.kind == 'd' ? from.base : from.oid;
  const int source_typmod = from.kind == 'd' ? from.base_typmod : from.typmod;
  if (source == to.oid) return typmod_widens(source, source_typmod, to.typmod);
  if (widens(source, to.oid, to.typmod)) return true;
  if (to.typmod != -1 || source == bpchar || to.oid == bpchar) return false;
  if (to.oid == text || to.oid == varchar) {
    if (source == text || source == varchar || prints_exactly(from)) return true;
  }
  return binary_coercible;
}

}  // namespace pgstrata::catalog
