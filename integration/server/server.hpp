// Tests of the layers below the engine against a real server: PGSTRATA_TEST_URL names it. Each case
// has a base schema and a state schema of its own and drops them.
#pragma once

#define BOOST_TEST_DYN_LINK
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/executor.hpp"
#include "pgstrata/error.hpp"
#include "state/store.hpp"

namespace pgstrata::test {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

db::ConnectionOptions server(const std::string& application = "pgstrata test");
std::unique_ptr<db::Connection> connected(const std::string& application = "pgstrata test");

// What the executor said.
struct Recorder final : report::Progress {
  void step(int, int, const std::string&, const std::string& title) override {
    steps.push_back(title);
  }
  void step_done(double) override {}
  void waiting(const std::string&, const std::vector<std::string>& blockers, double) override {
    ++waits;
    if (!blockers.empty()) blocker = blockers.front();
  }
  void fill(const report::FillProgress& progress) override { last_fill = progress; }
  void note(const std::string& text) override { notes.push_back(text); }

  std::vector<std::string> steps, notes;
  std::atomic<int> waits{0};
  std::string blocker;
  report::FillProgress last_fill;
};

// A base schema "rt" and a state schema "rt_state", empty at the start.
struct Schemas {
  Schemas();
  ~Schemas();
  std::int64_t begin(const std::vector<plan::Step>& steps);  // writes a run into the journal
  void run(std::int64_t id, engine::ExecutorOptions options = {});
  bool done(std::int64_t id, int sequence) const;
  std::int64_t count(const std::string& sql);  // first column of the first row

  state::Names names{"rt_state", "rt"};
  db::Connection admin, connection;
  state::Store store;
  Recorder progress;
};

// rt.t: id, a, twin _a_2 = a * 2, marker _m, and sync triggers as a start leaves them; ordinal 2.
plan::Step fill_step();
void create_filled_table(db::Connection& connection, int rows);
inline constexpr const char* wrong =  // rows that are not filled, or not by the rule
    "SELECT count(*) FROM rt.t WHERE _m <> -2 OR _a_2 IS DISTINCT FROM a * 2";

// Runs `work` until destroyed, on a connection of its own; remembers the slowest call.
class Client {
 public:
  Client(const std::string& name, std::function<void(db::Connection&)> work);
  ~Client() { stop(); }
  void stop();
  std::atomic<int> calls{0}, errors{0};
  std::atomic<std::int64_t> slowest_ms{0};
  std::string last_error;

 private:
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace pgstrata::test
