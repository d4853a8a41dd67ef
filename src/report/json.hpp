// Reports for programs: one JSON document each, pretty-printed, without a trailing newline.
//
// Keys are stable; a new release may add some. Absent values are null or empty, never missing.
#pragma once

#include <string>
#include <vector>

#include "pgstrata/engine.hpp"
#include "report/watch.hpp"

namespace pgstrata::report {

std::string json(const InitReport& report);
std::string json(const ValidateReport& report);
std::string json(const PlanReport& report);
std::string json(const CompleteReport& report);
std::string json(const RollbackReport& report);
std::string json(const BaselineReport& report);
std::string json(const StatusReport& report);
std::string json(const ControlReport& report);
std::string json(const VerifyReport& report);
// With "filled": [{"table", "rows", "seconds"}].
std::string json(const StartReport& report, const std::vector<Filled>& filled);
std::string json(const MigrateReport& report, const std::vector<Filled>& filled);

// {"<key>": "<value>"}
std::string json(const std::string& key, const std::string& value);

// {"error": {"code", "message", "where", "hint", "exit"}} on one line: it ends the progress lines
std::string json(const Error& error);

}  // namespace pgstrata::report
