#include "engine/drift.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "catalog/printing.hpp"
#include "engine/commands.hpp"
#include "pgstrata/error.hpp"
#include "plan/elements.hpp"
#include "plan/layers.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::engine {

using model::Table;
using model::Version;

namespace {

// Is anything of the table renamed, replaced or dropped when `next` becomes the oldest version?
bool is_settled(const Table* before, const Table& after) {
  auto moves = [](auto& element) { return element.name != element.physical; };
  return !after.inner_view.empty() || moves(after) || std::ranges::any_of(after.columns, moves) ||
         std::ranges::any_of(after.indexes, moves) || std::ranges::any_of(after.checks, moves) ||
         std::ranges::any_of(after.foreign_keys, moves) ||
         (before && std::ranges::any_of(before->columns, [&](auto& column) {
            const model::Column* later = after.physical_column(column.physical);
            return !later || !(later->default_ == column.default_) ||
                   !(later->comment == column.comment);
          }));
}

}  // namespace

model::PrintDefault printer_of_defaults(Session& session) {
  return [&session](const model::Column& column) {
    const sql::Qualified table = session.stand_in();
    db::Transaction rolled_back(
        session.connection, "SET LOCAL lock_timeout = '1s'; SET LOCAL search_path = pg_catalog;" +
                                std::string(catalog::unambiguous_printing));
    try {
      session.connection.execute(sql::format("CREATE TABLE {} (v {} DEFAULT {})", table,
                                             sql::Sql::trusted(column.type),
                                             sql::Sql::trusted(column.default_->text))
                                     .str());
    } catch (const db::SqlError& error) {
      if (error.connection_lost() || error.canceled()) throw;
      throw Error(Exit::state, "drift",
                  "the default of column \"" + column.name + "\", " + column.default_->text +
                      ", cannot be set any more: " + error.fields().message,
                  column.name, "what it names was changed by hand: take that change back");
    }
    return session.connection
        .execute(sql::format("SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = "
                             "{}::regclass",
                             sql::Literal(sql::format("{}", table).str()))
                     .str())
        .text(0, 0);
  };
}

std::vector<std::string> changed_tables(const plan::Chain& chain) {
  std::set<std::string> changed;
  for (std::size_t i = 0; i < chain.size(); ++i)
    for (std::size_t neighbour : {i - 1, i + 1}) {
      if (neighbour >= chain.size()) continue;
      for (auto& [logical, table] : chain[i].tables) {
        const Table* other = chain[neighbour].physical_table(table.physical);
        if (table.marked || !other || !(*other == table)) changed.insert(table.physical);
      }
    }
  return {changed.begin(), changed.end()};
}

void check_drift(Session& session, const History& history, const plan::Chain& chain) {
  const Version& oldest = chain.front();
  const Version& next = chain.at(1);
  if (next.raw_sql) return;  // it shows what is there
  std::vector<std::string> settled;
  for (auto& [logical, table] : next.tables) {
    const Table* before = oldest.physical_table(table.physical);
    if (before && *before == table) continue;
    if (is_settled(before, table)) settled.push_back(table.physical);
  }
  for (auto& [logical, table] : oldest.tables)
    if (!next.physical_table(table.physical)) settled.push_back(table.physical);  // it goes
  if (settled.empty()) return;
  const catalog::Snapshot snapshot = session.snapshot_of(history, changed_tables(chain));
  model::InFlight in_flight(chain);
  for (const std::string& name : settled)
    if (const catalog::Table* base = snapshot.table(name)) in_flight.take(*base);
  std::vector<std::string> beside;
  in_flight.finish(snapshot, beside);
  model::check_replaced(chain, oldest, next, snapshot, printer_of_defaults(session));
  model::check_names(chain, snapshot);
}

void check_drift_of_rest(Session& session, const History& history, const state::RunRow& run) {
  std::set<std::string> begun, rest;
  for (auto& row : session.store.steps(run.id)) {
    if (row.step.phase != "settle") continue;
    const auto whole = row.whole ? row : session.store.load_step(session.connection, run.id, row);
    for (auto& lock : whole.step.locks) (row.done ? begun : rest).insert(lock.table);
  }
  for (auto& table : begun) rest.erase(table);
  if (rest.empty()) return;
  plan::Chain chain = session.models(history.chain);
  for (Version& version : chain)
    std::erase_if(version.tables, [&](auto& entry) { return !rest.count(entry.second.physical); });
  const catalog::Snapshot snapshot =
      session.snapshot_of(history, std::vector(rest.begin(), rest.end()));
  model::check_replaced(chain, chain.front(), chain.at(1), snapshot, printer_of_defaults(session));
  model::check_settings(chain, snapshot);
}

std::vector<std::string> columns_by_hand(const plan::Chain& chain,
                                         const catalog::Snapshot& snapshot,
                                         const plan::Made& made) {
  std::vector<std::string> lines;
  const Version& before = chain.at(chain.size() - 2);
  if (chain.back().raw_sql) return lines;
  for (auto& [logical, table] : chain.back().tables) {
    const Table* shown = before.physical_table(table.physical);
    const catalog::Table* base = snapshot.table(table.physical);
    if (!shown || !base || shown->columns == table.columns) continue;
    for (auto& column : table.columns) {
      if (shown->physical_column(column.physical)) continue;
      const std::string which = "column \"" + column.physical + "\" of table \"" + table.physical;
      if (!base->column(column.physical) && (!made || made->count("expand " + table.physical)))
        lines.push_back(which + "\" is gone: it was dropped by hand, or renamed and stays");
      for (auto& addition : model::additions_to(chain, table.physical, column.physical, snapshot))
        lines.push_back(addition + " was added to " + which +
                        "\" by hand: it goes with that column");
    }
  }
  return lines;
}

void check_staying_columns(const plan::Chain& chain, const catalog::Snapshot& snapshot) {
  const std::span staying(chain.begin(), chain.end() - 1);
  for (auto& [logical, table] : chain.back().tables) {
    const catalog::Table* base = snapshot.table(table.physical);
    if (!base || !table.marked || !plan::has_links(staying, table.physical)) continue;
    for (auto& version : staying)
      if (const model::Table* shown = version.physical_table(table.physical))
        for (auto& column : shown->columns)
          if (!base->column(column.physical))
            refuse_state(
                "column-gone",
                "column \"" + column.physical + "\" of table \"" + table.physical +
                    "\" is gone: what keeps version \"" + version.name +
                    "\" in step with the others names it",
                "put it back (" + column.type.str() + "), then run the same command again");
  }
}

void check_renamed_twins(const plan::Chain& chain, const catalog::Snapshot& snapshot) {
  const Version& newest = chain.back();
  for (auto& [logical, table] : newest.tables) {
    const catalog::Table* base = snapshot.table(table.physical);
    if (!base || !table.marked) continue;
    for (const model::Column& column : table.columns) {
      if (column.privileges_of.empty() || base->column(column.physical)) continue;
      const std::string said = plan::twin_comment(newest, table, column);
      for (auto& there : base->columns)
        if (there.comment == said)
          refuse_state("renamed",
                       "column \"" + column.physical + "\" of table \"" + table.physical +
                           "\" was renamed to \"" + there.name + "\" by hand",
                       "give it its name back, then run the same command again");
    }
  }
}

}  // namespace pgstrata::engine
