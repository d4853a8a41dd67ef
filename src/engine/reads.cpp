#include "engine/reads.hpp"

#include <algorithm>

#include "pgstrata/error.hpp"

namespace pgstrata::engine {

using model::Table;
using model::Translation;

namespace {

// The tables and columns of the base schema that a function of the support schema depends on.
constexpr const char* read_by = R"(
SELECT DISTINCT c.relname, a.attname
FROM pg_depend d
JOIN pg_proc p ON p.oid = d.objid
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p')
JOIN pg_namespace b ON b.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass
  AND n.nspname = $1 AND p.proname = $2 AND b.nspname = $3
ORDER BY 1, 2)";

class Reads {
 public:
  Reads(Session& session, const Prepared& prepared) : session_(session), prepared_(prepared) {}

  void check(const Translation& link) {
    const auto rows = session_.connection.execute(
        read_by, {session_.support_schema, link.function, session_.names.base_schema});
    for (std::size_t row = 0; row < rows.size(); ++row)
      check(link, rows.text(row, 0), rows.text_or(row, 1, ""));
  }

 private:
  void check(const Translation& link, const std::string& table, const std::string& column) {
    const Table* before = prepared_.live.back().physical_table(table);
    const std::string what =
        column.empty() ? "table \"" + table + "\"" : "column \"" + table + "." + column + "\"";
    if (!before && std::ranges::none_of(prepared_.live, [&](auto& version) {
          return version.physical_table(table) != nullptr;
        }))
      return;  // no version's: nothing of ours takes it away
    const model::Column* shown =
        before && !column.empty() ? before->physical_column(column) : nullptr;
    if (!before || (!column.empty() && (!shown || shown->name != column)))
      refuse("reads-older-shape", link,
             what + ", which is not what version \"" + prepared_.live.back().name + "\" shows",
             "complete the versions below it first");
    const Table* after = prepared_.next.physical_table(table);
    if (!after || (shown && !after->physical_column(column)))
      refuse("reads-what-goes", link, what + ", which goes with the version before",
             "let it go in a later migration");
  }

  [[noreturn]] void refuse(const std::string& code, const Translation& link,
                           const std::string& what, const std::string& hint) const {
    throw Error(Exit::migration, code, "the translation of " + link.title + " reads " + what,
                link.title, hint);
  }

  Session& session_;
  const Prepared& prepared_;
};

// Start's first step makes them, with the sequences that they count with.
const plan::Step& translations_step(const Prepared& prepared) {
  return prepared.steps.front();
}

bool reads_tables(const Translation& link) {
  return link.expression.reads_tables;
}

}  // namespace

void check_reads(Session& session, const Prepared& prepared) {
  if (std::ranges::none_of(prepared.next.translations, reads_tables)) return;
  db::Transaction rolled_back(session.connection);
  for (auto& statement : translations_step(prepared).statements)
    session.connection.execute(statement);
  Reads reads(session, prepared);
  for (const Translation& link : prepared.next.translations)
    if (reads_tables(link)) reads.check(link);
}

void check_rules_in_flight(const Prepared& prepared) {
  const model::Version& before = prepared.live.back();
  for (std::size_t i = 1; i < prepared.live.size(); ++i)
    for (const model::Rule& rule : prepared.live[i].rules) {
      const Table* after = prepared.next.physical_table(rule.table);
      const Table* shown = before.physical_table(rule.table);
      if (!after || !shown) continue;
      for (const model::Column& twin : after->columns)
        if (!shown->physical_column(twin.physical) &&
            std::ranges::count(rule.inputs, twin.privileges_of.str()) > 0)
          throw Error(Exit::state, "rule-in-flight",
                      "column \"" + twin.name + "\" of table \"" + after->name +
                          "\" cannot change yet: " +
                          (rule.name.empty() ? "its NOT NULL" : "its rule \"" + rule.name + "\"") +
                          " of version \"" + prepared.live[i].name + "\" does not bind version \"" +
                          prepared.live.front().name + "\", and would",
                      after->name, "complete version \"" + prepared.live.front().name + "\" first");
    }
}

}  // namespace pgstrata::engine
