// Control: what a running backfill is told from another terminal, and what it says of itself.
//
// Plain value types; safe to copy between threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgstrata {

// What is absent stays as it is. It holds until the start that it concerns is over.
struct ControlChange {
  std::optional<bool> paused;
  std::optional<double> max_rate;  // rows/s; 0: unlimited
  std::optional<int> workers;
};

struct FillStatus {
  std::string table;
  std::int64_t rows = 0;  // filled so far
  std::int64_t pages_done = 0, pages_total = 0;
  double rows_per_second = 0;
  int workers = 0;
  std::string throttled_by;  // why it is slower than it could be; empty: nothing is in the way
  double age_seconds = -1;   // of the three before; -1: not told yet
};

struct ControlReport {
  bool paused = false;
  std::optional<double> max_rate;  // absent: as the command said
  std::optional<int> workers;
  std::vector<FillStatus> fills;  // of the start that is unfinished
  std::vector<std::string> notes;
};

}  // namespace pgstrata
