// Progress: what a running command tells whoever watches it.
//
// The only interface between the engine and a terminal, a log or a supervisor; implement it to
// embed pgstrata. Calls come from one thread at a time, never after the Engine's call has returned.
// Implementations must not throw and should return quickly: some calls come between two lock
// attempts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgstrata {

// The state of one table's backfill; each call replaces the one before.
struct FillProgress {
  std::string table;
  std::int64_t rows = 0;  // filled so far, by this and earlier runs
  // Of these, by earlier runs. One that was killed may have filled up to a batch more per worker.
  std::int64_t rows_before = 0;
  std::int64_t pages_done = 0, pages_total = 0;
  double rows_per_second = 0;  // of late
  double seconds_left = -1;    // at that rate; -1 unknown
  int workers = 0;
  std::int64_t lock_retries = 0;  // ranges that had to be tried again
  // Why it is slower than it could be: "replica lag 12 MB (walreceiver)"; empty if nothing is in
  // the way.
  std::string throttled_by;
  std::string blocked_by;  // "pid 4711 (psql, idle in transaction for 12 s)"; empty if nobody
};

class Progress {
 public:
  virtual ~Progress() = default;
  // `number` counts from 1; a resumed command begins with the first step that is not done.
  virtual void step(int number, int total, const std::string& phase, const std::string& title) = 0;
  virtual void step_done(double seconds) = 0;
  // Somebody else's lock keeps the step waiting; `seconds` since its first attempt.
  virtual void waiting(const std::string& object, const std::vector<std::string>& blockers,
                       double seconds) = 0;
  virtual void fill(const FillProgress& progress) = 0;
  // Something the user should know before the command ends: stands on its own line.
  virtual void note(const std::string& text) = 0;
};

// For callers who do not want to watch.
class SilentProgress final : public Progress {
 public:
  void step(int, int, const std::string&, const std::string&) override {}
  void step_done(double) override {}
  void waiting(const std::string&, const std::vector<std::string>&, double) override {}
  void fill(const FillProgress&) override {}
  void note(const std::string&) override {}
};

}  // namespace pgstrata
