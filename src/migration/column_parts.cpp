// Columns, and the checks and references in them.
#include "migration/column_parts.hpp"

namespace pgstrata::migration {

namespace {

constexpr Choice<std::string_view> identity_kinds[] = {{"ALWAYS", "ALWAYS"},
                                                       {"BY DEFAULT", "BY DEFAULT"}};

void read_generated(const Value& value, Column& column) {
  const Fields keys = value.as_fields({"expression", "identity"});
  column.generated_expression = keys.expression("expression");
  const std::optional<Value> identity = keys.find("identity");
  if (identity && column.generated_expression) {
    keys.forbid("identity", "cannot stand next to 'expression'");
  }
  if (!identity && !column.generated_expression) {
    value.refuse("missing-key", value.path() + " lacks the key 'expression' or 'identity'");
  }
  if (!identity) return;
  const Fields options = identity->as_fields({"user_specified_values", "sequence_options"});
  column.identity =
      options.choice<std::string_view>("user_specified_values", identity_kinds, "ALWAYS");
  column.identity_options = options.expression("sequence_options");
}

}  // namespace

Column read_column(const Value& value) {
  const Fields keys = value.as_fields({"name", "type", "nullable", "default", "pk", "unique",
                                       "check", "references", "comment", "generated"});
  Column column{.name = keys.required("name").as_name(),
                .type = keys.required("type").as_expression(),
                .nullable = keys.flag("nullable"),
                .default_ = keys.optional("default", [](auto v) { return v.as_expression(); }),
                .pk = keys.flag("pk"),
                .unique = keys.flag("unique"),
                .check = keys.optional("check", read_check),
                .references = keys.optional("references", read_references),
                .comment = keys.optional("comment", [](auto v) { return v.as_text(); })};
  if (const auto generated = keys.find("generated")) read_generated(*generated, column);
  return column;
}

Check read_check(const Value& value) {
  const Fields keys = value.as_fields({"name", "constraint", "no_inherit"});
  return {.name = keys.required("name").as_name(),
          .constraint = keys.required("constraint").as_expression(),
          .no_inherit = keys.flag("no_inherit")};
}

References read_references(const Value& value) {
  const Fields keys = value.as_fields({"name", "table", "column", "on_delete", "on_update",
                                       "match_type", "deferrable", "initially_deferred"});
  return {.name = keys.required("name").as_name(),
          .table = keys.required("table").as_name(),
          .column = keys.required("column").as_name(),
          .on_delete = keys.choice("on_delete", fk_actions, FkAction::no_action),
          .on_update = keys.choice("on_update", fk_actions, FkAction::no_action),
          .match = keys.choice("match_type", fk_matches, FkMatch::simple),
          .deferrable = keys.flag("deferrable"),
          .initially_deferred = keys.flag("initially_deferred")};
}

}  // namespace pgstrata::migration
