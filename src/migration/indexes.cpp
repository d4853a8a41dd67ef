// create_index, drop_index.
//
// create_index.columns has three spellings: a list of mappings, and from older files a list of
// names or a mapping from names to settings. All keep the order of the file.
#include <fmt/format.h>

#include "migration/families.hpp"

namespace pgstrata::migration {

namespace {

// "" is how older files leave the sort order open.
constexpr Choice<bool> sort_orders[] = {{"ASC", false}, {"DESC", true}, {"", false}};
constexpr Choice<bool> null_orders[] = {{"FIRST", true}, {"LAST", false}};
constexpr Choice<std::string_view> methods[] = {{"btree", "btree"}, {"hash", "hash"},
                                                {"gist", "gist"},   {"spgist", "spgist"},
                                                {"gin", "gin"},     {"brin", "brin"}};

// A PostgreSQL collation or operator class may carry a schema; so these are texts, not names.
std::optional<Text> qualified(const Fields& keys, std::string_view key) {
  return keys.expression(key);
}

void read_settings(const Fields& keys, IndexColumn& column, CreateIndex& index) {
  column.collate = qualified(keys, "collate");
  column.descending = keys.choice("sort", sort_orders, false);
  column.nulls_first = keys.optional("nulls", [](auto v) { return v.as_choice(null_orders); });
  const std::optional<Value> opclass = keys.find("opclass");
  if (!opclass) return;
  const Fields operator_class = opclass->as_fields({"name", "params"});
  column.opclass = qualified(operator_class, "name");
  const std::optional<Value> parameters = operator_class.find("params");
  if (!parameters) return;
  for (const Value& parameter : parameters->as_list()) parameter.as_expression();
  if (parameters->node().items.empty()) return;
  if (!column.opclass) operator_class.required("name").as_expression();
  Text key = *operator_class.key_text("params");
  key.value = "opclass.params";
  index.unsupported.push_back(std::move(key));
}

void read_item(const Value& item, CreateIndex& index) {
  IndexColumn column;
  if (!item.is_map()) {
    column.column = item.as_name();
    index.columns.push_back(std::move(column));
    return;
  }
  const Fields keys =
      item.as_fields({"column", "expression", "collate", "sort", "nulls", "opclass"});
  const std::optional<Text> expression = keys.expression("expression");
  if (!expression) {
    column.column = keys.required("column").as_name();
  } else {
    keys.forbid("column", "cannot stand next to 'expression'");
    index.unsupported.push_back(*keys.key_text("expression"));
  }
  read_settings(keys, column, index);
  if (!expression) index.columns.push_back(std::move(column));
}

void read_mapping(const Value& columns, CreateIndex& index) {
  for (const Entry& entry : columns.node().entries) {
    IndexColumn column{.column = columns.key_as_name(entry)};
    const Value settings = columns.child(entry);
    if (!settings.is_nothing()) {
      read_settings(settings.as_fields({"collate", "sort", "nulls", "opclass"}), column, index);
    }
    index.columns.push_back(std::move(column));
  }
}

void read_index_columns(const Value& columns, CreateIndex& index) {
  if (columns.is_map()) {
    read_mapping(columns, index);
  } else {
    for (const Value& item : columns.as_list()) read_item(item, index);
  }
  const bool has_expression = !index.unsupported.empty();
  if (index.columns.empty() && !has_expression) {
    columns.refuse("empty-list", fmt::format("{} lists no column", columns.path()));
  }
}

Operation read_create_index(const Value& body) {
  const Fields keys = body.as_fields({"table", "name", "columns", "include", "predicate", "method",
                                      "storage_parameters", "unique"});
  CreateIndex index{.table = keys.required("table").as_name(),
                    .name = keys.required("name").as_name()};
  read_index_columns(keys.required("columns"), index);
  index.method = keys.choice<std::string_view>("method", methods, "btree");
  index.unique = keys.flag("unique");
  index.predicate = keys.expression("predicate");
  index.storage_parameters = keys.expression("storage_parameters");
  if (!keys.names("include").empty()) index.unsupported.push_back(*keys.key_text("include"));
  return index;
}

Operation read_drop_index(const Value& body) {
  const Fields keys = body.as_fields({"name"});
  return DropIndex{.name = keys.required("name").as_name()};
}

}  // namespace

Family index_operations() {
  return {{"create_index", read_create_index}, {"drop_index", read_drop_index}};
}

}  // namespace pgstrata::migration
