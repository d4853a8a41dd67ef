// Version models to JSON and back, for the state schema.
//
// A member with its default value is not written, and a physical name only where it differs: a
// plain column takes about 40 bytes, so the model of 1,000 tables of 20 columns stays under a
// megabyte. It also lets a newer release read what an older one wrote.
#include <nlohmann/json.hpp>

#include "model/version.hpp"
#include "pgstrata/error.hpp"

namespace nlohmann {
template <typename T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& out, const std::optional<T>& value) {
    value ? out = *value : out = nullptr;
  }
  static void from_json(const json& in, std::optional<T>& value) {
    if (in.is_null())
      value.reset();
    else
      value = in.get<T>();
  }
};
template <typename T>
struct adl_serializer<pgstrata::model::Maybe<T>> {
  static void to_json(json& out, const pgstrata::model::Maybe<T>& value) {
    value ? out = *value : out = nullptr;
  }
  static void from_json(const json& in, pgstrata::model::Maybe<T>& value) {
    if (in.is_null())
      value.reset();
    else
      value = in.get<T>();
  }
};
template <>
struct adl_serializer<pgstrata::model::Word> {
  static void to_json(json& out, const pgstrata::model::Word& word) { out = word.str(); }
  static void from_json(const json& in, pgstrata::model::Word& word) {
    word = in.get_ref<const std::string&>();
  }
};
template <typename T>
struct adl_serializer<pgstrata::model::List<T>> {
  static void to_json(json& out, const pgstrata::model::List<T>& list) {
    out = static_cast<const std::vector<T>&>(list);
  }
  static void from_json(const json& in, pgstrata::model::List<T>& list) {
    list = in.get<std::vector<T>>();
  }
};
}  // namespace nlohmann

#define PGSTRATA_PUT(member) \
  if (!(value.member == standard.member)) out[#member] = value.member;
#define PGSTRATA_GET(member) \
  if (auto found = in.find(#member); found != in.end()) found->get_to(value.member);
#define PGSTRATA_JSON(Type, ...)                                         \
  void to_json(nlohmann::json& out, const Type& value) {                 \
    static const Type standard{};                                        \
    out = nlohmann::json::object();                                      \
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(PGSTRATA_PUT, __VA_ARGS__)) \
    omit_physical(out, value);                                           \
  }                                                                      \
  void from_json(const nlohmann::json& in, Type& value) {                \
    in.get_ref<const nlohmann::json::object_t&>(); /* or a type_error */ \
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(PGSTRATA_GET, __VA_ARGS__)) \
    restore_physical(value);                                             \
  }

namespace pgstrata {
namespace {

template <typename T>
concept Physical = requires(T element) {
  element.physical;
}
&&!std::is_same_v<T, model::Spared>;

template <typename T>
void omit_physical(nlohmann::json& out, const T& value) {
  if constexpr (Physical<T>)
    if (value.physical == value.name) out.erase("physical");
}
template <typename T>
void restore_physical(T& value) {
  if constexpr (Physical<T>)
    if (value.physical.empty()) value.physical = value.name;
}

}  // namespace
}  // namespace pgstrata

namespace pgstrata::sql {
PGSTRATA_JSON(ColumnReference, column, begin, end)
PGSTRATA_JSON(Expression, source, text, type, collation, references, volatility, reads_tables,
              calls_user_code, session_dependent, can_raise)
}  // namespace pgstrata::sql

namespace pgstrata::model {
PGSTRATA_JSON(Column, name, physical, type, collation, not_null, default_, physical_default,
              identity, identity_options, generated, owned_sequence, comment, image_equality,
              privileges_of, identity_of)
PGSTRATA_JSON(IndexKey, column, expression, collation, opclass, descending, nulls_first,
              statistics_target)
PGSTRATA_JSON(Index, name, physical, method, unique, nulls_not_distinct, keys, include, predicate,
              options, tablespace, comment, clustered, constraint, constraint_comment, deferrable,
              deferred, definition)
PGSTRATA_JSON(Check, name, physical, expression, no_inherit, validated, comment)
PGSTRATA_JSON(ForeignKey, name, physical, columns, schema, table, referenced, on_delete, on_update,
              match, set_columns, deferrable, deferred, validated, comment)
PGSTRATA_JSON(Spared, name, physical, type, collation)
PGSTRATA_JSON(Table, name, physical, kind, columns, indexes, checks, foreign_keys, comment, marked,
              owner_rights, inner_view, spared, sync, paired)
PGSTRATA_JSON(Translation, table, up, output, inputs, parameters, expression, type, function,
              loses_values, can_raise, title)
PGSTRATA_JSON(Rule, table, name, column, inputs, parameters, condition, helper, function)
PGSTRATA_JSON(Version, ordinal, name, schema, translations, rules, on_complete, sql_down, raw_sql)

namespace {

std::string text(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void append_table(std::string& out, const std::string& logical, const Table& table) {
  if (out.back() != '{') out += ',';
  out += text(nlohmann::json(logical));
  out += ':';
  out += text(nlohmann::json(table));
}

[[noreturn]] void unreadable(const nlohmann::json::exception& error) {
  throw Error(Exit::failure, "bad-model",
              std::string("a version's model in the state schema cannot be read: ") + error.what());
}

// Its tables are written one by one.
std::string head_json(const Version& version) {
  return text(nlohmann::json(version));
}

}  // namespace

// Table by table: the tree of a whole version would take twenty times the space of its text.
ModelChange change_of(const Version& version, const Version& stored) {
  ModelChange change{.head = head_json(version), .tables = "{", .gone = {}};
  for (const auto& [logical, table] : version.tables)
    if (const Table* before = stored.table(logical); !before || !(*before == table))
      append_table(change.tables, logical, table);
  change.tables += '}';
  for (const auto& [logical, table] : stored.tables)
    if (!version.table(logical)) change.gone.push_back(logical);
  change.empty = change.tables == "{}" && change.gone.empty() && change.head == head_json(stored);
  return change;
}

Table table_from_json(const std::string& text) try {
  return nlohmann::json::parse(text).get<Table>();
} catch (const nlohmann::json::exception& error) {
  unreadable(error);
}

Version head_from_json(const std::string& text) try {
  return nlohmann::json::parse(text).get<Version>();
} catch (const nlohmann::json::exception& error) {
  unreadable(error);
}

}  // namespace pgstrata::model
