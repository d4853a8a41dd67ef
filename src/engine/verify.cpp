// verify: reads every row, and judges each translated column by its translations.
#include <algorithm>

#include "engine/commands.hpp"
#include "engine/long_read.hpp"
#include "plan/translations.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::engine {

using model::Translation;
using model::Version;
using sql::format;
using sql::Sql;

namespace {

constexpr int most_samples = 5;

// Columns of one table across one boundary, read in one pass.
class TableCheck {
 public:
  TableCheck(Session& session, const Version& before, const Version& after,
             const model::Table& table)
      : session_(session),
        around_{.base_schema = session.names.base_schema,
                .support_schema = session.support_schema,
                .snapshot = none_,
                .user_path = {}},
        before_(before),
        after_(after),
        table_(table),
        relation_(format("ONLY {}", sql::Qualified{session.names.base_schema, table.physical})) {}

  void run(VerifyReport& report) {
    std::vector<Sql> counts{Sql::trusted("pg_catalog.count(*)")};
    for (auto& link : after_.translations) {
      if (!link.up || link.table != table_.physical) continue;
      if (!repeatable(link)) {
        report.notes.push_back(link.title +
                               ": not judged, as its translation depends on more than the row "
                               "(the time, or settings of the session)");
        continue;
      }
      judged_.push_back(&link);
      counts.push_back(format("pg_catalog.count(*) FILTER (WHERE {})", differs(link)));
    }
    note_downs_alone(report);
    if (judged_.empty()) return;
    try {
      const auto found = read_long(
          session_, table_.name, format("SELECT {} FROM {}", join(counts, ", "), relation_).str());
      for (std::size_t i = 0; i < judged_.size(); ++i)
        report.columns.push_back(column(*judged_[i], found.integer(0, 0), found.integer(0, i + 1)));
    } catch (const db::SqlError& error) {
      if (error.connection_lost() || error.canceled()) throw;
      report.notes.push_back(
          table_.name + ": not judged, as a translation fails on a row: " + error.fields().message);
    }
  }

 private:
  // Older versions write such a column as they like, so nothing says what it must hold.
  void note_downs_alone(VerifyReport& report) const {
    for (auto& link : after_.translations)
      if (!link.up && link.table == table_.physical &&
          std::ranges::none_of(after_.translations, [&](auto& up) {
            return up.up && up.table == link.table &&
                   std::ranges::count(up.inputs, link.output) > 0;
          }))
        report.notes.push_back(link.title + ": not judged, as no `up` reads what it computes");
  }

  VerifiedColumn column(const Translation& link, std::int64_t rows, std::int64_t differing) {
    const auto* shown = table_.physical_column(link.output);
    VerifiedColumn column{.version = after_.name,
                          .table = table_.name,
                          .column = shown != nullptr ? shown->name.str() : link.output,
                          .rows = rows,
                          .differing = differing,
                          .has_down = !downs(link).empty(),
                          .samples = {}};
    if (differing > 0) column.samples = samples(link);
    return column;
  }

  bool repeatable(const Translation& up) const {
    auto immutable = [](const Translation* link) {
      return link->expression.volatility == sql::Volatility::immutable;
    };
    return immutable(&up) && std::ranges::all_of(downs(up), immutable);
  }

  // The translations that compute from this column what `up` reads. A write through the newer
  // version leaves what all of them say, until an older one changes an input of `up`, after which
  // `up` holds. One that reads columns of both versions is no witness: an older write of such a
  // column changes what it says, and nothing else.
  std::vector<const Translation*> downs(const Translation& up) const {
    const model::Table* old = before_.physical_table(table_.physical);
    auto shared = [&](auto& input) { return old != nullptr && old->physical_column(input); };
    std::vector<const Translation*> found;
    for (auto& link : after_.translations)
      if (!link.up && link.table == up.table && std::ranges::count(link.inputs, up.output) > 0 &&
          std::ranges::count(up.inputs, link.output) > 0 &&
          std::ranges::none_of(link.inputs, shared))
        found.push_back(&link);
    return found;
  }

  // As the column would hold it.
  Sql translated(const Translation& link, const model::Table* shape) const {
    const auto* column = shape != nullptr ? shape->physical_column(link.output) : nullptr;
    return format("({})::{}", plan::call_translation(around_, link),
                  Sql::trusted(column != nullptr ? column->type.str() : link.type));
  }

  Sql as_translated(const Translation& link, const model::Table* shape) const {
    return format("pg_catalog.record_image_eq(ROW({}), ROW({}))", sql::Name(link.output),
                  translated(link, shape));
  }

  Sql differs(const Translation& up) const {
    const auto backwards = downs(up);
    if (backwards.empty())
      return format("{} > -{} AND {} IS NULL AND {} IS NOT NULL", sql::Name(model::marker),
                    after_.ordinal, sql::Name(up.output), translated(up, &table_));
    // CASE, as `down` may raise on what only an older version wrote.
    std::vector<Sql> accounted;
    for (const auto* down : backwards)
      accounted.push_back(as_translated(*down, before_.physical_table(table_.physical)));
    return format("CASE WHEN {} THEN false ELSE NOT ({}) END", as_translated(up, &table_),
                  join(accounted, " AND "));
  }

  std::vector<std::string> samples(const Translation& link) {
    const auto key = key_columns();
    std::vector<Sql> select;
    for (const auto& name : key) select.push_back(format("{}::text", sql::Name(name)));
    if (key.empty()) select.push_back(Sql::trusted("ctid::text"));
    select.push_back(format("{}::text", sql::Name(link.output)));
    select.push_back(format("{}::text", translated(link, &table_)));
    const auto rows =
        read_long(session_, table_.name,
                  format("SELECT {} FROM {} WHERE {} LIMIT {}", join(select, ", "), relation_,
                         differs(link), Sql::trusted(std::to_string(most_samples)))
                      .str());
    std::vector<std::string> texts;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      std::string name;
      for (std::size_t i = 0; i < std::max<std::size_t>(key.size(), 1); ++i)
        name += (i == 0 ? "" : ", ") + (key.empty() ? "ctid" : key[i]) + " = " +
                rows.text_or(row, i, "NULL");
      const auto value = std::max<std::size_t>(key.size(), 1);
      texts.push_back(name + ": " + rows.text_or(row, value, "NULL") + ", translated " +
                      rows.text_or(row, value + 1, "NULL"));
    }
    return texts;
  }

  std::vector<std::string> key_columns() {
    const auto rows = session_.connection.execute(
        "SELECT a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a "
        "ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) "
        "WHERE i.indrelid = $1::regclass AND i.indisprimary ORDER BY a.attnum",
        {format("{}", sql::Qualified{session_.names.base_schema, table_.physical}).str()});
    std::vector<std::string> names;
    for (std::size_t row = 0; row < rows.size(); ++row) names.push_back(rows.text(row, 0));
    return names;
  }

  Session& session_;
  const catalog::Snapshot none_{};
  const plan::Surroundings around_;
  const Version &before_, &after_;
  const model::Table& table_;
  const Sql relation_;
  std::vector<const Translation*> judged_;
};

void refuse_unsettled(const History& history) {
  if (!history.unfinished) return;
  const std::string& command = history.unfinished->command;
  refuse_state(
      "unfinished", "a " + command + " is unfinished: its rows are not settled",
      how_to_finish(command, history.at(history.unfinished->ordinal).name) + "; then verify");
}

}  // namespace

VerifyReport verify(Session& session, const std::optional<std::string>& version) {
  const History history = session.history();
  refuse_unsettled(history);
  const plan::Chain chain = session.models(history.chain);
  VerifyReport report;
  report.notes = dropped_views(session, history);
  bool found = false;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (version && chain[i].name != *version) continue;
    found = true;
    if (i == 0) {
      if (version || chain.size() == 1)
        report.notes.push_back("\"" + chain[i].name +
                               "\" is the oldest live version: nothing is translated for it");
      continue;
    }
    for (auto& [name, table] : chain[i].tables) {
      session.progress.step(static_cast<int>(i), static_cast<int>(chain.size()) - 1, "verify",
                            chain[i].name + ": " + name);
      TableCheck(session, chain[i - 1], chain[i], table).run(report);
    }
  }
  if (!found && version)
    refuse_state("unknown-version", "\"" + *version + "\" is not a live version",
                 "`pgstrata status` lists them");
  return report;
}

}  // namespace pgstrata::engine
