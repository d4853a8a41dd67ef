// What a running command tells the person who watches it: the one interface between the executor and
// the terminal. Calls come from one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgstrata::report {

struct FillProgress {
  std::string table;
  std::int64_t rows = 0;            // filled so far, by this and earlier runs
  std::int64_t pages_done = 0, pages_total = 0;
  double rows_per_second = 0;
  double seconds_left = -1;         // -1 unknown
  std::int64_t lock_retries = 0;    // ranges that had to be tried again
  std::string blocked_by;           // "pid 4711 (psql, idle in transaction for 12 s)"; empty if nobody
};

class Progress {
 public:
  virtual ~Progress() = default;
  virtual void step(int number, int total, const std::string& phase, const std::string& title) = 0;
  virtual void step_done(double seconds) = 0;
  virtual void waiting(const std::string& object, const std::vector<std::string>& blockers, double seconds) = 0;
  virtual void fill(const FillProgress& progress) = 0;
  virtual void note(const std::string& text) = 0;      // something the user should know: stands on its own line
};

}  // namespace pgstrata::report
