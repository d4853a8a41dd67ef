// Which casts can neither raise nor lose anything.
//
// A short list that can be argued for case by case; whatever is not on it counts as lossy.
#pragma once

#include <string>

#include "catalog/snapshot.hpp"

namespace pgstrata::catalog {

struct TypeFacts {
  Oid oid = 0;
  int typmod = -1;
  char kind = 'b';            // pg_type.typtype
  std::string printed;        // format_type with typmod
  std::string unconstrained;  // format_type without typmod
  Oid base = 0;               // of a domain, its base type and typmod; else the type itself
  int base_typmod = -1;
  bool image_equality = false;
};

// `binary_coercible`: pg_cast has an implicit or assignment cast between the two without a
// function.
bool lossless_cast(const TypeFacts& from, const TypeFacts& to, bool binary_coercible);

}  // namespace pgstrata::catalog
