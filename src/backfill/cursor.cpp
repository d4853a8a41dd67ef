#include "backfill/cursor.hpp"

#include <fmt/format.h>

#include "db/attempt.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::backfill {
namespace {

// All in SQL, so that an attempt can repeat it. ACCESS SHARE keeps a rewrite out between reading
// relfilenode and size; nobody but one who wants the table alone queues behind it.
std::string opening_sql(const Target& step) {
  const auto state = [&](const char* object) { return state::state_object(step.names, object); };
  const auto regclass = sql::quote_literal(table_sql(step.fill)) + "::regclass";
  const auto key = fmt::format("run = {} AND sequence = {}", step.run, step.sequence);
  return fmt::format(
      "SELECT {assert_runner};\n"
      "LOCK TABLE ONLY {table} IN ACCESS SHARE MODE;\n"
      "DELETE FROM {backfills} WHERE {key} AND filenode <> "
      "pg_relation_filenode({regclass})::bigint;\n"
      "INSERT INTO {backfills} (run, sequence, schema_name, table_name, filenode, pages)\n"
      "  VALUES ({run}, {sequence}, {schema_name}, {table_name}, "
      "pg_relation_filenode({regclass})::bigint,\n"
      "    pg_relation_size({regclass}) / current_setting('block_size')::bigint) ON CONFLICT DO "
      "NOTHING;\n"
      "INSERT INTO {chunks} (run, sequence, chunk, next_page, end_page)\n"
      "  SELECT run, sequence, first / size, first, least(first + size, pages)\n"
      "  FROM (SELECT *, least(greatest(pages / 64, 64), 8192) AS size FROM {backfills} WHERE "
      "{key}) AS b,\n"
      "    generate_series(0, pages - 1, size) AS first ON CONFLICT DO NOTHING",
      fmt::arg("assert_runner", state::assert_runner_sql(step.names, step.token)),
      fmt::arg("table", table_sql(step.fill)), fmt::arg("regclass", regclass),
      fmt::arg("backfills", state("backfills")), fmt::arg("chunks", state("backfill_chunks")),
      fmt::arg("key", key), fmt::arg("run", step.run), fmt::arg("sequence", step.sequence),
      fmt::arg("schema_name", sql::quote_literal(step.fill.schema)),
      fmt::arg("table_name", sql::quote_literal(step.fill.table)));
}

}  // namespace

Pass open_pass(db::Connection& connection, const Target& step, const Options& options,
               report::Progress& progress) {
  const auto table = table_sql(step.fill);
  db::AttemptWork work;
  work.title = "backfill of " + table;
  work.statements = opening_sql(step);
  work.patient = true;
  db::AttemptWatch watch;
  watch.interrupted = [&] { return options.interrupted != nullptr && *options.interrupted; };
  watch.waiting = [&](const std::vector<db::Blocker>& blockers, double seconds) {
    progress.waiting(table, db::texts(blockers), seconds);
  };
  watch.seen = [&] { return db::holders(connection, table, "ACCESS SHARE"); };
  db::Attempt(connection, {.total = options.total}, watch).run(work);

  Pass pass;
  pass.target = step;
  const db::Parameters key = {std::to_string(step.run), std::to_string(step.sequence)};
  const auto about = connection.execute(
      fmt::format(
          "SELECT filenode, pages, {}::regclass::oid FROM {} WHERE run = $1 AND sequence = $2",
          sql::quote_literal(table), state::state_object(step.names, "backfills")),
      key);
  pass.target.filenode = about.integer(0, 0);
  pass.pages = about.integer(0, 1);
  pass.target.oid = about.integer(0, 2);
  const auto chunks =
      connection.execute(fmt::format("SELECT chunk, next_page, end_page, filled FROM {} WHERE run "
                                     "= $1 AND sequence = $2 ORDER BY chunk",
                                     state::state_object(step.names, "backfill_chunks")),
                         key);
  pass.pages_done = pass.pages;
  for (std::size_t row = 0; row < chunks.size(); ++row) {
    const Chunk chunk{static_cast<int>(chunks.integer(row, 0)), chunks.integer(row, 1),
                      chunks.integer(row, 2)};
    pass.rows += chunks.integer(row, 3);
    pass.pages_done -= chunk.end_page - chunk.next_page;
    if (chunk.next_page < chunk.end_page) pass.chunks.push_back(chunk);
  }
  return pass;
}

}  // namespace pgstrata::backfill
