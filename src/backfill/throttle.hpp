// Throttle: what the workers may do, given the server's signals, and why it is not more.
//
// Pure. Nothing slows the fill without a reason in words. A lag stops it until half of the limit is
// left; clients at work make it small and slow (Courtesy); a client that waits for a row of ours
// makes its batches small.
#pragma once

#include <string>

#include "backfill/signals.hpp"

namespace pgstrata::backfill {

struct Limits {
  double lag = 16 * 1024 * 1024.0;  // bytes that a replica may be behind; 0: does not matter
  double unarchived = 512 * 1024 * 1024.0;  // more than when the fill began
};

struct Orders {
  bool hold = false;   // no batch at all
  double share = 1;    // of the time
  int pages = 0;       // at most, per batch; 0: as the time says
  std::string reason;  // empty: nothing is in the way
};

class Throttle {
 public:
  explicit Throttle(const Limits& limits) : limits_(limits) {}

  // `own`: transactions of ours so far. `rated`: the user has said how fast, so nobody else's load
  // matters.
  Orders decide(const Signals& signals, std::int64_t own, bool rated, Clock::time_point now);

  // The share of clients at work is found by probes; the fill rests for the first ones.
  bool busy() const { return busy_; }
  Courtesy& courtesy() { return courtesy_; }

 private:
  std::string lagging(const Signals& signals);

  Limits limits_;
  Foreground foreground_;
  Courtesy courtesy_;
  bool busy_ = false, lags_ = false, unarchived_ = false;
  double archived_before_ = -1;
  Clock::time_point waited_{};
};

}  // namespace pgstrata::backfill
