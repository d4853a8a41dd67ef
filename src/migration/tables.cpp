// create_table, drop_table, rename_table.
#include "migration/column_parts.hpp"
#include "migration/families.hpp"
#include "migration/table_constraint.hpp"

namespace pgstrata::migration {

namespace {

Operation read_create_table(const Value& body) {
  const Fields keys = body.as_fields({"name", "columns", "constraints", "comment"});
  CreateTable table{.name = keys.required("name").as_name()};
  for (const Value& column : keys.required("columns").as_list()) {
    table.columns.push_back(read_column(column));
  }
  if (const auto constraints = keys.find("constraints")) {
    for (const Value& constraint : constraints->as_list()) {
      table.constraints.push_back(read_table_constraint(constraint));
    }
  }
  table.comment = keys.optional("comment", [](auto v) { return v.as_text(); });
  return table;
}

Operation read_drop_table(const Value& body) {
  const Fields keys = body.as_fields({"name"});
  return DropTable{.name = keys.required("name").as_name()};
}

Operation read_rename_table(const Value& body) {
  const Fields keys = body.as_fields({"from", "to"});
  return RenameTable{.from = keys.required("from").as_name(), .to = keys.required("to").as_name()};
}

}  // namespace

Family table_operations() {
  return {{"create_table", read_create_table},
          {"drop_table", read_drop_table},
          {"rename_table", read_rename_table}};
}

}  // namespace pgstrata::migration
