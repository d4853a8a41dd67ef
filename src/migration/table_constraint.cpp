// Constraints of a new table. Which keys go with which type follows pgroll's JSON Schema: a key
// that would have no effect is refused, unless it says what holds anyway (false, "" or an empty
// list).
#include "migration/table_constraint.hpp"

#include <fmt/format.h>

#include "migration/column_parts.hpp"

namespace pgstrata::migration {

namespace {

constexpr Choice<ConstraintType> constraint_types[] = {{"unique", ConstraintType::unique},
                                                       {"check", ConstraintType::check},
                                                       {"primary_key", ConstraintType::primary_key},
                                                       {"foreign_key", ConstraintType::foreign_key},
                                                       {"exclude", ConstraintType::exclude}};

std::string_view type_name(ConstraintType type) {
  for (const auto& [name, known] : constraint_types) {
    if (known == type) return name;
  }
  return {};
}

bool says_nothing(const Value& value) {
  const Node& node = value.node();
  switch (node.kind) {
    case Node::Kind::nothing:
      return false;
    case Node::Kind::scalar:
      return node.text.empty() || (node.plain && node.text == "false");
    case Node::Kind::list:
      return node.items.empty();
    case Node::Kind::map:
      return node.entries.empty();
  }
  return false;
}

bool says_something(const Fields& keys, std::string_view key) {
  const std::optional<Value> value = keys.find(key);
  return value && !says_nothing(*value);
}

void forbid_for(ConstraintType type, const Fields& keys,
                std::initializer_list<std::string_view> forbidden) {
  for (const std::string_view key : forbidden) {
    if (!says_something(keys, key)) continue;
    keys.forbid(key, fmt::format("does not go with a constraint of type {}", type_name(type)));
  }
}

void check_keys(ConstraintType type, const Fields& keys) {
  switch (type) {
    case ConstraintType::unique:
      return forbid_for(type, keys, {"check", "references", "exclude", "no_inherit"});
    case ConstraintType::check:
      return forbid_for(type, keys,
                        {"references", "exclude", "index_parameters", "deferrable",
                         "initially_deferred", "nulls_not_distinct"});
    case ConstraintType::primary_key:
      return forbid_for(type, keys,
                        {"check", "references", "exclude", "no_inherit", "nulls_not_distinct"});
    case ConstraintType::foreign_key:
      return forbid_for(
          type, keys, {"check", "exclude", "index_parameters", "no_inherit", "nulls_not_distinct"});
    case ConstraintType::exclude:
      return forbid_for(type, keys,
                        {"columns", "check", "references", "no_inherit", "nulls_not_distinct"});
  }
}

void read_foreign_key(const Value& value, TableConstraint& constraint) {
  const Fields keys = value.as_fields(
      {"table", "columns", "on_delete", "on_update", "match_type", "on_delete_set_columns"});
  constraint.referenced_table = keys.required("table").as_name();
  constraint.referenced_columns = keys.required("columns").as_names();
  constraint.on_delete = keys.choice("on_delete", fk_actions, FkAction::no_action);
  constraint.on_update = keys.choice("on_update", fk_actions, FkAction::no_action);
  constraint.match = keys.choice("match_type", fk_matches, FkMatch::simple);
  if (!keys.names("on_delete_set_columns").empty()) {
    constraint.unsupported.push_back(*keys.key_text("on_delete_set_columns"));
  }
}

// Validated, so that a typing error shows now; the model refuses them by name.
void read_later_keys(const Fields& keys, TableConstraint& constraint) {
  if (keys.flag("nulls_not_distinct")) {
    constraint.unsupported.push_back(*keys.key_text("nulls_not_distinct"));
  }
  if (const std::optional<Value> given = keys.find("index_parameters")) {
    const Fields parameters =
        given->as_fields({"tablespace", "storage_parameters", "include_columns"});
    if (const auto tablespace = parameters.non_empty("tablespace")) tablespace->as_name();
    parameters.expression("storage_parameters");
    parameters.names("include_columns");
    if (!given->node().entries.empty()) {
      constraint.unsupported.push_back(*keys.key_text("index_parameters"));
    }
  }
  if (constraint.type == ConstraintType::exclude) {
    const Fields exclusion =
        keys.required("exclude").as_fields({"index_method", "elements", "predicate"});
    for (const std::string_view key : {"index_method", "elements", "predicate"}) {
      exclusion.expression(key);
    }
    constraint.unsupported.push_back(*keys.key_text("exclude"));
  }
}

}  // namespace

TableConstraint read_table_constraint(const Value& value) {
  const Fields keys = value.as_fields({"name", "type", "columns", "check", "references",
                                       "deferrable", "initially_deferred", "no_inherit",
                                       "nulls_not_distinct", "index_parameters", "exclude"});
  TableConstraint constraint{.name = keys.required("name").as_name(),
                             .type = keys.required("type").as_choice(constraint_types)};
  check_keys(constraint.type, keys);
  constraint.deferrable = keys.flag("deferrable");
  constraint.initially_deferred = keys.flag("initially_deferred");
  constraint.no_inherit = keys.flag("no_inherit");
  const bool needs_columns = constraint.type == ConstraintType::unique ||
                             constraint.type == ConstraintType::primary_key ||
                             constraint.type == ConstraintType::foreign_key;
  constraint.columns = needs_columns ? keys.required("columns").as_names() : keys.names("columns");
  if (constraint.type == ConstraintType::check) {
    constraint.check = keys.required("check").as_expression();
  }
  if (constraint.type == ConstraintType::foreign_key) {
    read_foreign_key(keys.required("references"), constraint);
  }
  read_later_keys(keys, constraint);
  return constraint;
}

}  // namespace pgstrata::migration
