// Version models to JSON and back, for the state schema. A member that an older release did not write
// gets its default.
#include <nlohmann/json.hpp>

#include "model/version.hpp"
#include "pgstrata/error.hpp"

namespace nlohmann {
template <typename T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& out, const std::optional<T>& value) { value ? out = *value : out = nullptr; }
  static void from_json(const json& in, std::optional<T>& value) {
    if (in.is_null()) value.reset();
    else value = in.get<T>();
  }
};
}  // namespace nlohmann

namespace pgstrata::sql {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ColumnReference, column, begin, end)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Expression, source, text, type, collation, references,
                                                volatility, reads_tables, calls_user_code,
                                                session_dependent, can_raise)
}  // namespace pgstrata::sql

namespace pgstrata::model {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Column, name, physical, type, collation, not_null, default_,
                                                physical_default, identity, generated, owned_sequence, comment,
                                                image_equality, privileges_of)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(IndexKey, column, expression, collation, opclass, descending,
                                                nulls_first, statistics_target)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Index, name, physical, method, unique, nulls_not_distinct,
                                                keys, include, predicate, options, tablespace, comment,
                                                constraint, deferrable, deferred, definition)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Check, name, physical, expression, no_inherit, validated,
                                                comment)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ForeignKey, name, physical, columns, schema, table, referenced,
                                                on_delete, on_update, match, set_columns, deferrable,
                                                deferred, validated, comment)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Table, name, physical, kind, columns, indexes, checks,
                                                foreign_keys, comment, marked)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Translation, table, up, output, inputs, parameters, expression,
                                                type, function, loses_values, can_raise, title)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Rule, table, name, column, inputs, condition, helper)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Version, ordinal, name, schema, tables, translations, rules,
                                                on_complete, sql_down, raw_sql)

std::string to_json(const Version& version) {
  return nlohmann::json(version).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Version version_from_json(const std::string& text) try {
  return nlohmann::json::parse(text).get<Version>();
} catch (const nlohmann::json::exception& error) {
  throw Error(Exit::failure, "bad-model",
              std::string("a version's model in the state schema cannot be read: ") + error.what());
}

}  // namespace pgstrata::model
