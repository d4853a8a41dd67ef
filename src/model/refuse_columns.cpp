#include "model/refuse_columns.hpp"

#include <algorithm>

#include "pgstrata/error.hpp"

namespace pgstrata::model {
namespace {

Error not_supported(const std::string& what, const std::string& where, const std::string& hint) {
  return Error(Exit::migration, "not-supported", what, where, hint);
}

bool is_identity_type(std::string_view type) {
  return type == "smallint" || type == "integer" || type == "bigint";
}

bool is_cast_of(const sql::Expression& expression, const std::string& column) {
  if (expression.inputs() != std::vector{column}) return false;
  const std::string text = expression.rewrite([](auto&) { return sql::Sql::trusted("x"); }).str();
  const auto type = text.starts_with("x::")     ? text.substr(3)
                    : text.starts_with("(x)::") ? text.substr(5)
                                                : text;
  return type == "x" || is_identity_type(type);
}

// Its sequence goes on counting in the new shape, and PostgreSQL knows it for three types only.
void refuse_identity(const DraftTable& table, const Column& before, const std::string& column) {
  const Lineage& lineage = table.lineages.at(column);
  const std::string where = table.table.name + "." + column;
  if (!is_identity_type(table.table.column(column)->type.str()))
    throw Error(Exit::migration, "identity-type",
                "identity column \"" + column + "\" cannot be of type " +
                    table.table.column(column)->type.str(),
                where, "PostgreSQL takes smallint, integer or bigint");
  const auto down = table.down.find(before.name);
  if (!lineage.up || !is_cast_of(*lineage.up, before.name) || down == table.down.end() ||
      !down->second || !is_cast_of(*down->second, column))
    throw not_supported(
        "identity column \"" + column +
            "\" can change its type, but not its values: its sequence goes on counting",
        where, "leave `up` and `down` out, or give the bare column");
}

const catalog::Index* replica_identity_over(const catalog::Table& base,
                                            const std::string& physical) {
  for (const catalog::Index& index : base.indexes)
    if (index.replica_identity &&
        std::ranges::any_of(index.keys, [&](auto& key) { return key.column == physical; }))
      return &index;
  return nullptr;
}

}  // namespace

void refuse_columns(const DraftTable& table, const Table& previous, const catalog::Table& base) {
  for (auto& [column, lineage] : table.lineages) {
    if (!lineage.origin) continue;
    const Column& before = *previous.column(*lineage.origin);
    const bool not_null = table.table.column(column)->not_null;
    const bool relaxed = before.not_null && !not_null;
    const std::string where = base.name + "." + column;
    if (before.generated && not_null && !before.not_null)
      throw not_supported(
          "column \"" + column + "\" is generated; making it NOT NULL is not supported yet", where,
          {});
    if (!lineage.translated && !relaxed) continue;
    if (const auto* index = replica_identity_over(base, before.physical))
      throw not_supported(
          "column \"" + column + "\" belongs to the replica identity index \"" + index->name +
              "\"" + (lineage.translated ? "" : ", which needs it NOT NULL"),
          where, "ALTER TABLE … REPLICA IDENTITY DEFAULT first, or name another index");
    if (!lineage.translated) continue;
    if (before.identity) refuse_identity(table, before, column);
    if (before.generated)
      throw not_supported(
          "column \"" + column + "\" is generated; changing its type is not supported yet", where,
          {});
  }
}

}  // namespace pgstrata::model
