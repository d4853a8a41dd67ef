// The three ways to watch a command: a terminal, a log, a program.
//
// All write to the given stream (stderr in the command line, so that stdout holds the result alone)
// and remember what was filled, for the report at the end.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "report/progress.hpp"

namespace pgstrata::report {

// A table's backfill, once over.
struct Filled {
  std::string table;
  std::int64_t rows = 0;  // by this run
  double seconds = 0;
};

using Clock = std::function<double()>;  // seconds, steady; tests bring their own
double steady_seconds();

class Watch : public Progress {
 public:
  explicit Watch(Clock clock) : clock_(std::move(clock)) {}
  void step(int number, int total, const std::string& phase, const std::string& title) final;
  void step_done(double seconds) final;
  void fill(const FillProgress& progress) final;

  const std::vector<Filled>& filled() const { return filled_; }
  // Takes an unfinished line off the terminal; call it before anything else is written there.
  virtual void clear() {}

 protected:
  struct Step {
    int number = 0, total = 0;
    std::string phase, title;
  };
  virtual void show_step(const Step& step) = 0;
  virtual void show_done(const Step& step, double seconds) = 0;
  virtual void show_fill(const Step& step, const FillProgress& progress) = 0;
  double now() const { return clock_(); }
  const Step& current() const { return step_; }

 private:
  Clock clock_;
  Step step_;
  std::optional<FillProgress> last_;  // of the current step
  double filling_since_ = 0;
  std::vector<Filled> filled_;
};

struct WatchOptions {
  bool verbose = false;  // every step stays on a line of its own, with the time it took
  Clock clock = steady_seconds;
  double quiet_seconds = 5;  // between two lines about a backfill
};

// A line that is redrawn, cut to the terminal's width.
std::unique_ptr<Watch> watch_terminal(std::ostream& out, WatchOptions options = {});
// Lines with the time of day, at most one every five seconds (notes and verbose lines come at
// once); no control characters.
std::unique_ptr<Watch> watch_plain(std::ostream& out, WatchOptions options = {});
// One JSON object per line: {"event": "step" | "step_done" | "fill" | "waiting" | "note", …}; fill
// at most every `quiet_seconds`.
std::unique_ptr<Watch> watch_json(std::ostream& out, WatchOptions options = {});

// "waiting 3.0 s behind pid 4711 (psql, idle in transaction for 12 s) for ACCESS EXCLUSIVE on t"
std::string waiting_text(const std::string& object, const std::vector<std::string>& blockers,
                         double seconds);
// "accounts 61%, 1,220,000 rows, 162,000 rows/s, ETA 5.0 s, 2 lock retries, blocked by pid 4711
// (psql)"
std::string fill_text(const FillProgress& fill);

}  // namespace pgstrata::report
