// Watches what one connection runs, from a thread and a connection of its own.
//
// On an interrupt it cancels the running statement, again and again until the watch ends. From a
// second on it looks every 50 ms (attempts) or 250 ms (long statements) who blocks the session. A
// long statement is cancelled once it has been blocked for `total` without progress; its blockers
// are reported each second, from the watchdog's thread while the watched one is inside the
// statement. The second connection is opened at the first need and never holds a transaction open.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "db/blockers.hpp"
#include "db/connection.hpp"
#include "report/progress.hpp"

namespace pgstrata::engine {

class Watchdog {
 public:
  Watchdog(db::Connection& watched, report::Progress& progress, std::chrono::seconds total);
  ~Watchdog();

  // For the life of a Watch the watchdog looks after the connection.
  class Watch {
   public:
    Watch(Watchdog& dog, std::string object, bool long_statement);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    Watchdog& dog_;
  };

  // The last that were seen during this watch.
  std::vector<db::Blocker> seen() const;
  // A long statement was cancelled because the budget was used up.
  bool gave_up() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pgstrata::engine
