// The overseer of a pass: runs the workers of one phase and watches over them: progress, what
// another terminal and the server's signals ask for, interrupt, and the lock budget. Talks to the
// server on the runner's own connection.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "backfill/speed.hpp"
#include "backfill/throttle.hpp"
#include "backfill/worker.hpp"
#include "db/blockers.hpp"

namespace pgstrata::backfill {

class Overseer {
 public:
  Overseer(db::Connection& connection, Shared& shared, report::Progress& progress);

  void fill_chunks();     // by as many workers as are wanted now
  void fill_leftovers();  // by one

 private:
  using Work = void (Worker::*)();
  struct Post {  // a worker and its thread
    explicit Post(Shared& shared, int number) : worker(shared, number) {}
    Worker worker;
    std::atomic<bool> ended{false};
    std::jthread thread;  // last: it ends before what it uses
  };

  void run(Work work);
  bool man(Work work);  // starts who is wanted and not there; true while somebody works
  void start(std::unique_ptr<Post>& post, int number, Work work);
  void wait_for_end();

  void oversee();
  void obey_control(Clock::time_point now);
  void obey_signals(Clock::time_point now);
  void tell(const char* commit);
  void probe(Clock::time_point now);
  void name_blockers(Clock::time_point now);
  void give_up_on_locks(Clock::time_point now);
  void report();
  int wanted_workers() const;
  std::string throttled() const;

  db::Connection& connection_;
  Shared& shared_;
  report::Progress& progress_;
  const state::Store store_;
  Throttle throttle_;
  Orders orders_;
  Speed speed_;
  state::Control control_;
  std::int64_t last_sum_ = -1, told_transactions_ = 0;
  Clock::time_point moved_, asked_{}, told_{}, reported_{}, signalled_{}, held_{}, told_all_;
  std::vector<db::Blocker> blockers_;
  std::vector<std::unique_ptr<Post>> posts_;
};

}  // namespace pgstrata::backfill
