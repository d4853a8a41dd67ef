// add_column, drop_column, rename_column, alter_column.
#include "migration/column_parts.hpp"
#include "migration/families.hpp"

namespace pgstrata::migration {

namespace {

Operation read_add_column(const Value& body) {
  const Fields keys = body.as_fields({"table", "column", "up"});
  return AddColumn{.table = keys.required("table").as_name(),
                   .column = read_column(keys.required("column")),
                   .up = keys.expression("up")};
}

Operation read_drop_column(const Value& body) {
  const Fields keys = body.as_fields({"table", "column", "down"});
  return DropColumn{.table = keys.required("table").as_name(),
                    .column = keys.required("column").as_name(),
                    .down = keys.expression("down")};
}

Operation read_rename_column(const Value& body) {
  const Fields keys = body.as_fields({"table", "from", "to"});
  return RenameColumn{.table = keys.required("table").as_name(),
                      .from = keys.required("from").as_name(),
                      .to = keys.required("to").as_name()};
}

Text read_unique(const Value& value) {
  return value.as_fields({"name"}).required("name").as_name();
}

std::optional<Text> expression_or_removal(const Value& value) {
  return value.is_nothing() ? std::nullopt : std::optional(value.as_expression());
}

std::optional<Text> text_or_removal(const Value& value) {
  return value.is_nothing() ? std::nullopt : std::optional(value.as_text());
}

Operation read_alter_column(const Value& body) {
  const Fields keys = body.as_fields({"table", "column", "type", "nullable", "default", "comment",
                                      "check", "unique", "references", "up", "down"});
  AlterColumn alter{.table = keys.required("table").as_name(),
                    .column = keys.required("column").as_name(),
                    .type = keys.optional("type", [](auto v) { return v.as_expression(); }),
                    .nullable = keys.optional("nullable", [](auto v) { return v.as_boolean(); }),
                    .default_ = keys.optional("default", expression_or_removal),
                    .comment = keys.optional("comment", text_or_removal),
                    .check = keys.optional("check", read_check),
                    .unique = keys.optional("unique", read_unique),
                    .references = keys.optional("references", read_references),
                    .up = keys.expression("up"),
                    .down = keys.expression("down")};
  const bool changes = alter.type || alter.nullable || alter.default_ || alter.comment ||
                       alter.check || alter.unique || alter.references;
  if (!changes) {
    body.refuse("missing-key", "alter_column says nothing to alter",
                "give at least one of type, nullable, default, comment, check, unique, references");
  }
  return alter;
}

}  // namespace

Family column_operations() {
  return {{"add_column", read_add_column},
          {"drop_column", read_drop_column},
          {"rename_column", read_rename_column},
          {"alter_column", read_alter_column}};
}

}  // namespace pgstrata::migration
