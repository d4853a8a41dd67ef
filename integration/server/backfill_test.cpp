#include "backfill/backfill.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "server.hpp"

using namespace pgstrata;
using namespace pgstrata::test;

namespace {

engine::ExecutorOptions with_workers(int workers, double rate = 0) {
  engine::ExecutorOptions options;
  options.workers = workers;
  options.max_rate = rate;
  return options;
}

std::function<void(db::Connection&)> random_writes(int rows) {
  return [rows](db::Connection& c) {
    const auto id = std::to_string(1 + std::rand() % rows);
    switch (std::rand() % 5) {
      case 0:
        c.execute("UPDATE rt.t SET a = a + 1 WHERE id = " + id);
        break;
      case 1:
        c.execute("UPDATE rt.t SET n = n + 1 WHERE id BETWEEN " + id + " AND " + id + " + 20");
        break;
      case 2:
        c.execute("DELETE FROM rt.t WHERE id = " + id);
        break;
      case 3:
        c.execute("INSERT INTO rt.t (id, a, pad) VALUES (" + id +
                  ", 5, repeat('y', 50)) ON CONFLICT (id) DO UPDATE SET a = 9");
        break;
      case 4:
        c.execute("BEGIN; UPDATE rt.t SET a = 0 WHERE id = " + id + "; ROLLBACK");
        break;
    }
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(backfill)

BOOST_AUTO_TEST_CASE(every_row_is_filled_and_the_pages_are_counted) {
  Schemas schemas;
  create_filled_table(schemas.connection, 50'000);
  for (const int workers : {1, 2}) {
    schemas.admin.execute(
        "ALTER TABLE rt.t DISABLE TRIGGER u; UPDATE rt.t SET _m = 0, _a_2 = NULL; "
        "ALTER TABLE rt.t ENABLE ALWAYS TRIGGER u");
    const auto run = schemas.begin({fill_step()});
    schemas.run(run, with_workers(workers));
    BOOST_TEST(schemas.done(run, 1));
    BOOST_TEST(schemas.count(wrong) == 0);
    BOOST_TEST(schemas.progress.last_fill.rows == 50'000);
    BOOST_TEST(schemas.progress.last_fill.pages_done == schemas.progress.last_fill.pages_total);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_table_is_done) {
  Schemas schemas;
  create_filled_table(schemas.connection, 0);
  const auto run = schemas.begin({fill_step()});
  schemas.run(run);
  BOOST_TEST(schemas.done(run, 1));
}

BOOST_AUTO_TEST_CASE(concurrent_writers_and_a_rewrite_in_mid_pass_leave_no_row_unfilled) {
  Schemas schemas;
  constexpr int rows = 100'000;
  create_filled_table(schemas.connection, rows);
  const auto run = schemas.begin({fill_step()});
  {
    Client a("a", random_writes(rows)), b("b", random_writes(rows)), c("c", random_writes(rows));
    std::thread rewrites([] {
      std::this_thread::sleep_for(milliseconds(400));
      db::Connection(server()).execute("VACUUM FULL rt.t");
    });
    schemas.run(run, with_workers(2, 120'000));
    rewrites.join();
    a.stop();
    b.stop();
    c.stop();
    BOOST_TEST_MESSAGE("clients: " << a.calls + b.calls + c.calls << " calls, "
                                   << a.errors + b.errors + c.errors << " errors " << a.last_error
                                   << b.last_error << c.last_error);
    BOOST_TEST(a.errors + b.errors + c.errors == 0);
  }
  BOOST_TEST(schemas.count(wrong) == 0);
  BOOST_TEST(!schemas.progress.notes.empty());
}

BOOST_AUTO_TEST_CASE(rows_locked_for_a_while_are_filled_later) {
  Schemas schemas;
  create_filled_table(schemas.connection, 20'000);
  const auto run = schemas.begin({fill_step()});
  db::Connection locker(server("locker"));
  locker.execute("BEGIN; SELECT FROM rt.t WHERE id % 1000 = 0 FOR UPDATE");
  std::thread releases([&] {
    std::this_thread::sleep_for(milliseconds(1500));
    locker.execute("COMMIT");
  });
  schemas.run(run);
  releases.join();
  BOOST_TEST(schemas.count(wrong) == 0);
  BOOST_TEST(schemas.count("SELECT count(*) FROM rt_state.backfill_leftovers") == 0);
}

BOOST_AUTO_TEST_CASE(rows_that_stay_locked_end_it_with_the_holder_named_and_a_rerun_finishes) {
  Schemas schemas;
  create_filled_table(schemas.connection, 20'000);
  const auto run = schemas.begin({fill_step()});
  db::Connection locker(server("stubborn"));
  locker.execute("BEGIN; UPDATE rt.t SET n = 1 WHERE id = 500");
  engine::ExecutorOptions options;
  options.locks.total = std::chrono::seconds(3);
  BOOST_CHECK_EXCEPTION(schemas.run(run, options), Error, [](const Error& error) {
    return error.exit() == Exit::locks && error.message().find("stubborn") != std::string::npos;
  });
  BOOST_TEST(schemas.count("SELECT count(*) FROM rt.t WHERE _m <> -2") == 1);
  BOOST_TEST(schemas.progress.waits >= 1);
  locker.execute("ROLLBACK");
  schemas.run(run);
  BOOST_TEST(schemas.count(wrong) == 0);
}

BOOST_AUTO_TEST_CASE(overlapping_share_locks_do_not_starve_it) {
  Schemas schemas;
  create_filled_table(schemas.connection, 2'000);
  const auto run = schemas.begin({fill_step()});
  std::vector<std::unique_ptr<Client>> holders;
  for (int i = 0; i < 4; ++i)
    holders.push_back(std::make_unique<Client>("share", [](db::Connection& c) {
      c.execute("BEGIN; SELECT FROM rt.t WHERE id = 7 FOR SHARE");
      std::this_thread::sleep_for(milliseconds(12));
      c.execute("COMMIT");
      std::this_thread::sleep_for(milliseconds(5));
    }));
  schemas.run(run);
  holders.clear();
  BOOST_TEST(schemas.count(wrong) == 0);
}

BOOST_AUTO_TEST_CASE(a_table_lock_is_waited_for) {
  Schemas schemas;
  create_filled_table(schemas.connection, 20'000);
  const auto run = schemas.begin({fill_step()});
  db::Connection locker(server("table locker"));
  locker.execute("BEGIN; LOCK TABLE rt.t IN SHARE MODE");
  std::thread releases([&] {
    std::this_thread::sleep_for(milliseconds(2500));
    locker.execute("COMMIT");
  });
  schemas.run(run, with_workers(2));
  releases.join();
  BOOST_TEST(schemas.count(wrong) == 0);
  BOOST_TEST(schemas.progress.blocker.find("table locker") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_killed_run_is_carried_on_where_it_was) {
  Schemas schemas;
  create_filled_table(schemas.connection, 60'000);
  const auto run = schemas.begin({fill_step()});
  const auto child = fork();
  if (child == 0) {
    try {
      const auto options = server();
      db::Connection own(options);
      state::Store store(own, schemas.names);
      state::Runner runner(connected(), schemas.names, "start");
      Recorder progress;
      engine::ExecutorOptions executor_options = with_workers(2, 40'000);
      executor_options.connection = options;
      engine::Executor(store, own, runner, executor_options, progress).run(run);
    } catch (...) {
    }
    _exit(0);
  }
  std::this_thread::sleep_for(milliseconds(700));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  std::this_thread::sleep_for(milliseconds(100));
  const auto filled = schemas.count("SELECT count(*) FROM rt.t WHERE _m = -2");
  const auto told = schemas.count("SELECT sum(filled) FROM rt_state.backfill_chunks");
  BOOST_TEST(filled > 1000);
  BOOST_TEST(filled < 60'000);
  // The rows of each worker's last batch are safe, but no cursor tells of them yet.
  BOOST_TEST(told <= filled);
  BOOST_TEST(told >= filled - 2 * 4'000);
  schemas.run(run);
  BOOST_TEST(schemas.progress.last_fill.rows_before == told);
  BOOST_TEST(schemas.progress.last_fill.rows == told + 60'000 - filled);
  BOOST_TEST(schemas.count(wrong) == 0);
}

BOOST_AUTO_TEST_CASE(a_row_that_the_translation_refuses_is_named) {
  Schemas schemas;
  create_filled_table(schemas.connection, 20'000);
  schemas.admin.execute(
      "ALTER TABLE rt.t DISABLE TRIGGER u; UPDATE rt.t SET a = 0 WHERE id = 12345; ALTER TABLE "
      "rt.t ENABLE ALWAYS TRIGGER u");
  auto step = fill_step();
  step.fill->assignments[0].expression = "1000 / a";
  const auto run = schemas.begin({step});
  BOOST_CHECK_EXCEPTION(schemas.run(run), Error, [](const Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    return error.exit() == Exit::data && error.code() == "backfill-failed" &&
           error.where() == "rt.t" &&
           error.message().find("division by zero") != std::string::npos &&
           error.message().find("id = 12345") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(rows_that_a_users_trigger_drops_are_an_error) {
  Schemas schemas;
  create_filled_table(schemas.connection, 1'000);
  schemas.admin.execute(
      "CREATE FUNCTION rt.drops() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 5 THEN "
      "RETURN NULL; END IF; RETURN NEW; END $$;"
      "CREATE TRIGGER a_user BEFORE UPDATE ON rt.t FOR EACH ROW EXECUTE FUNCTION rt.drops()");
  auto step = fill_step();
  step.fill->check_rows_kept = true;
  const auto run = schemas.begin({step});
  BOOST_CHECK_EXCEPTION(schemas.run(run), Error,
                        [](const Error& error) { return error.code() == "trigger-drops-rows"; });
}

BOOST_AUTO_TEST_CASE(a_rate_is_kept_and_another_terminal_can_pause_it) {
  Schemas schemas;
  create_filled_table(schemas.connection, 20'000);
  const auto run = schemas.begin({fill_step()});
  const auto began = Clock::now();
  std::thread other([&] {
    db::Connection own(server());
    state::Store store(own, schemas.names);
    std::this_thread::sleep_for(milliseconds(300));
    store.change_control({.paused = true, .max_rate = {}, .workers = {}});
    std::this_thread::sleep_for(milliseconds(1500));
    const auto before =
        own.execute("SELECT sum(filled) FROM rt_state.backfill_chunks").integer(0, 0);
    std::this_thread::sleep_for(milliseconds(500));
    BOOST_TEST(own.execute("SELECT sum(filled) FROM rt_state.backfill_chunks").integer(0, 0) ==
               before);
    store.change_control({.paused = false, .max_rate = {}, .workers = {}});
  });
  schemas.run(run, with_workers(2, 10'000));
  other.join();
  const std::chrono::duration<double> took = Clock::now() - began;
  BOOST_TEST(took.count() > 3);
  BOOST_TEST(took.count() < 6);
  BOOST_TEST(schemas.count(wrong) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
