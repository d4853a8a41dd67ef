// Speed: rows a second and the time left, from what the last ten seconds brought.
//
// An average since the beginning would tell of a pause, or of a throttle, long after it is over,
// and a resumed pass has done pages in no time at all.
#pragma once

#include <cstdint>
#include <deque>

#include "backfill/pace.hpp"

namespace pgstrata::backfill {

class Speed {
 public:
  void saw(std::int64_t rows, std::int64_t pages, Clock::time_point now);
  double rows_per_second() const;
  double seconds_left(std::int64_t pages_left) const;  // -1: cannot be told yet

 private:
  struct Sample {
    std::int64_t rows, pages;
    Clock::time_point at;
  };
  double span() const;  // seconds
  std::deque<Sample> samples_;
};

}  // namespace pgstrata::backfill
