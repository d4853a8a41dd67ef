// The attempt: the one way to take a lock that conflicts with reads or writes (law 6, "no queue").
//
// On a held connection: SHARE UPDATE EXCLUSIVE first, with a patience longer than deadlock_timeout
// (so that autovacuum yields; nobody's reads or writes queue behind it), a savepoint, then the
// strong lock with an impatient one, the statements, COMMIT. Whoever queues behind us waits at most
// `first` plus `further` for each lock after it. On failure everything strong is given back before
// the next try.
//
//   first  50 ms, further 3 ms: a wait ends within a few ms or never (a cycle with a client), so
//   longer
//          timeouts bought no success, only stalls; several locks need the small second wait
//   nap    4 ms x 0.5..1.5, growing to 100 ms; with a blocker seen for over a second no queueing at
//          all: NOWAIT probes every 150 to 250 ms, SHARE UPDATE EXCLUSIVE given back in between
//
// Without locks the statements take their own, each under `first` (DDL on views, which must never
// be LOCKed: that would lock everything below them).
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "db/blockers.hpp"
#include "db/connection.hpp"

namespace pgstrata::db {

struct LockTarget {
  std::string relation;  // quoted, qualified
  std::string mode;      // "ACCESS EXCLUSIVE"
};

struct AttemptWork {
  std::string title;              // for messages
  std::vector<LockTarget> locks;  // tables
  std::string statements;  // complete, separated by semicolons; the journal record among them
  bool patient = false;    // a lock nobody queues behind: wait longer than deadlock_timeout for it
  // Wait for the commit as the session is set; otherwise neither for the disk nor for a replica:
  // WAL is written in order, so the next durable commit of anybody makes this one durable too.
  bool durable = false;
};

struct AttemptLimits {
  std::chrono::milliseconds first{50};
  std::chrono::milliseconds further{3};
  std::chrono::milliseconds total{60'000};  // from the first failure on
};

struct AttemptWatch {
  std::function<bool()> interrupted;  // asked before each try and in naps
  // After a second without success, then every second.
  std::function<void(const std::vector<Blocker>&, double seconds)> waiting;
  // Who was seen to block this session, for work without a list of locks. May be empty.
  std::function<std::vector<Blocker>()> seen;
};

class Attempt {
 public:
  // Reads deadlock_timeout: `first` is kept below half of it, whatever the limits say.
  Attempt(Connection& connection, AttemptLimits limits, AttemptWatch watch);

  // Commits, or throws and leaves no transaction: Error(Exit::locks, "lock-budget") naming the
  // blockers, Error(Exit::interrupted), or the SqlError of a statement that no retry can mend.
  // A success at the first try is one round trip.
  void run(const AttemptWork& work);

 private:
  class Tries;
  Connection& connection_;
  AttemptLimits limits_;
  AttemptWatch watch_;
  std::chrono::milliseconds patience_;
};

}  // namespace pgstrata::db
