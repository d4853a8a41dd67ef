// VerifyReport: do the columns that only some versions show say what their translations say?
//
// Plain value types; safe to copy between threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgstrata {

// One column of one version that a translation computes from the version before it.
struct VerifiedColumn {
  std::string version, table, column;  // logical names
  std::int64_t rows = 0;               // read
  // Neither is the column what `up` makes of the older one, nor the older one what `down` makes of
  // the column (a lossy `down` makes the first untrue for rows that the newer version wrote).
  std::int64_t differing = 0;
  // Without `down` the newer version may write anything: then only rows that were never filled
  // count.
  bool has_down = false;
  std::vector<std::string> samples;  // "id = 7: 12.50, translated 12.00"; five at most
};

struct VerifyReport {
  std::vector<VerifiedColumn> columns;
  std::vector<std::string> notes;  // what was not judged, and why
};

}  // namespace pgstrata
