#include "server.hpp"

#include <cstdlib>

namespace pgstrata::test {

db::ConnectionOptions server(const std::string& application) {
  const char* url = std::getenv("PGSTRATA_TEST_URL");
  if (url == nullptr) {
    BOOST_FAIL("PGSTRATA_TEST_URL does not name a server");
  }
  return {url, application, ""};
}

std::unique_ptr<db::Connection> connected(const std::string& application) {
  return std::make_unique<db::Connection>(server(application));
}

namespace {

void drop(db::Connection& connection) {
  connection.execute("DROP SCHEMA IF EXISTS rt CASCADE; DROP SCHEMA IF EXISTS rt_state CASCADE");
}

}  // namespace

Schemas::Schemas() : admin(server("test admin")), connection(server()), store(connection, names) {
  engine::interrupted = false;
  drop(admin);
  admin.execute("CREATE SCHEMA rt");
  store.ensure();
}

Schemas::~Schemas() {
  try {
    drop(admin);
  } catch (const db::SqlError& error) {
    BOOST_TEST_MESSAGE("cleaning up: " << error.what());
  }
}

std::int64_t Schemas::begin(const std::vector<plan::Step>& steps) {
  db::Transaction transaction(connection);
  const auto id = store.insert_run({0, "start", 2, state::RunStatus::running, ""}, steps);
  transaction.commit();
  return id;
}

void Schemas::run(std::int64_t id, engine::ExecutorOptions options) {
  options.command = "start";
  options.connection = server();
  state::Runner runner(connected(), names, "start");
  engine::Executor(store, connection, runner, options, progress).run(id);
}

bool Schemas::done(std::int64_t id, int sequence) const {
  for (const auto& row : store.steps(id))
    if (row.sequence == sequence) return row.done;
  return false;
}

std::int64_t Schemas::count(const std::string& sql) {
  return admin.execute(sql).integer(0, 0);
}

void create_filled_table(db::Connection& connection, int rows) {
  connection.execute(
      "CREATE TABLE rt.t (id int PRIMARY KEY, a int NOT NULL, n int NOT NULL DEFAULT 0, pad text "
      "NOT NULL);"
      "INSERT INTO rt.t SELECT i, i, 0, repeat('x', 100) FROM generate_series(1, " +
      std::to_string(rows) +
      ") i;"
      "ALTER TABLE rt.t ADD COLUMN _m smallint NOT NULL DEFAULT 0, ADD COLUMN _a_2 bigint;"
      "CREATE FUNCTION rt.sync() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN NEW._a_2 := NEW.a * 2; NEW._m := -2; RETURN NEW; END $$;"
      "CREATE TRIGGER s BEFORE INSERT ON rt.t FOR EACH ROW EXECUTE FUNCTION rt.sync();"
      "CREATE TRIGGER u BEFORE UPDATE ON rt.t FOR EACH ROW WHEN (NEW._m IS NOT DISTINCT FROM "
      "OLD._m "
      "AND (NEW.a IS DISTINCT FROM OLD.a OR OLD._m > -2)) EXECUTE FUNCTION rt.sync();"
      "ALTER TABLE rt.t ENABLE ALWAYS TRIGGER s, ENABLE ALWAYS TRIGGER u");
}

plan::Step fill_step() {
  plan::Step step;
  step.phase = "backfill";
  step.kind = plan::StepKind::backfill;
  step.title = "fill t";
  step.fill = plan::Fill{"rt", "t", "_m", 2, {{"_a_2", "a * 2"}}};
  return step;
}

Client::Client(const std::string& name, std::function<void(db::Connection&)> work)
    : thread_([this, name, work = std::move(work)] {
        db::Connection connection(server(name));
        while (!ending_) {
          const auto began = Clock::now();
          try {
            work(connection);
            ++calls;
          } catch (const db::SqlError& error) {
            ++errors;
            last_error = error.what();
            try {
              connection.execute("ROLLBACK");
            } catch (const db::SqlError&) {
              return;
            }
          }
          const auto ms = std::chrono::duration_cast<milliseconds>(Clock::now() - began).count();
          if (ms > slowest_ms) slowest_ms = ms;
        }
      }) {}

void Client::stop() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace pgstrata::test
