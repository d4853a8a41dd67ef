// Reports for people: the text a command prints on stdout, without a trailing newline.
#pragma once

#include <string>
#include <vector>

#include "pgstrata/engine.hpp"
#include "report/watch.hpp"

namespace pgstrata::report {

std::string text(const InitReport& report);
std::string text(const ValidateReport& report);
std::string text(const PlanReport& report);
std::string text(const StartReport& report);
std::string text(const CompleteReport& report);
std::string text(const RollbackReport& report);
std::string text(const MigrateReport& report);
std::string text(const BaselineReport& report);
std::string text(const StatusReport& report);
std::string text(const ControlReport& report);
std::string text(const VerifyReport& report);

// "filled accounts: 2,000,000 rows in 12 s (163,934 rows/s)", one line per table.
std::string text(const std::vector<Filled>& filled);

// "pgstrata: accounts.yaml:3:5: unknown key "colum"" and the hint on a line of its own.
std::string text(const Error& error);

// The plan's SQL alone: readable, commented, in the order in which it runs.
std::string sql(const PlanReport& report);

}  // namespace pgstrata::report
