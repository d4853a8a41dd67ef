// Versions in flight without a server: documents in, steps out, and what the steps leave in the
// base schema is there for the next one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base_tables.hpp"
#include "plan/planner.hpp"
#include "recorded_binder.hpp"

namespace pgstrata::plan {

class Flight {
 public:
  // The base schema as it is becomes version "v1".
  explicit Flight(catalog::Snapshot base);

  // Plans the start of "v<n>" by a YAML list of operations, and takes it as done.
  std::vector<Step> start(const std::string& operations);
  std::vector<Step> start_document(const std::string& file, const std::string& content);
  // Plans the removal of the newest version; it stays.
  Outcome rollback() const;
  // Plans the retirement of the oldest version; it stays.
  Outcome complete() const;

  const Chain& chain() const { return chain_; }
  const catalog::Snapshot& snapshot() const { return snapshot_; }

 private:
  Surroundings around() const { return {"public", "pgstrata_public", snapshot_, "public"}; }

  catalog::Snapshot snapshot_;
  test::RecordedBinder binder_;
  Chain chain_;
};

// The plan as a DBA would read it.
std::string text(const std::vector<Step>& steps);

// Compares with tests/plan/golden/<file>. After an intended change run the test with
// PGSTRATA_GOLDEN=write and review the difference.
void compare_with_golden(const std::string& file, const std::string& actual);

}  // namespace pgstrata::plan
