// The plan for people, and as SQL alone.
#include <fmt/format.h>

#include "report/format.hpp"
#include "report/text.hpp"

namespace pgstrata::report {

namespace {

std::string cost(const PlannedStep& step) {
  std::string lock = step.lock.empty() ? "no lock that blocks writes" : step.lock;
  if (step.rewrites) return lock + "; writes every row";
  return lock + (step.scans ? "; reads every row" : "; no scan");
}

std::string steps_text(const std::vector<PlannedStep>& steps) {
  std::string out, command, phase;
  int number = 0;
  for (const PlannedStep& step : steps) {
    if (step.command != command) {
      out += fmt::format("\n\n== {} ==", step.command);
      command = step.command, phase.clear(), number = 0;
    }
    if (step.phase != phase) out += fmt::format("\n\n{}", phase = step.phase);
    out += fmt::format("\n\n  {}. {}\n", ++number, step.title);
    if (!step.reason.empty()) out += fmt::format("     why:  {}\n", step.reason);
    out += fmt::format("     lock: {}", cost(step));
    for (const std::string& statement : step.statements) out += "\n" + indent(statement, "     | ");
  }
  return out;
}

std::string section(const std::string& title, const std::vector<PlanNote>& notes) {
  if (notes.empty()) return "";
  std::string out = "\n\n" + title;
  for (const PlanNote& note : notes)
    out += "\n  - " + (note.object.empty() ? "" : note.object + ": ") + one_line(note.text);
  return out;
}

std::string estimates_text(const std::vector<PlanEstimate>& estimates) {
  if (estimates.empty()) return "";
  std::string out = "\n\nTo expect of the backfill";
  for (const PlanEstimate& table : estimates)
    out += fmt::format("\n  - {}: {}, {} now; grows by {} until completion and vacuum, WAL {}",
                       table.table,
                       table.rows < 0 ? "rows unknown before its first ANALYZE"
                                      : "about " + plural(table.rows, "row"),
                       bytes(table.table_bytes), bytes(table.disk_bytes), bytes(table.wal_bytes));
  return out;
}

std::string heading(const PlanReport& report) {
  std::string out =
      fmt::format("version {}, published as {}", report.version, report.version_schema);
  if (report.records_baseline)
    out += "; there is no history yet, so the present shape is recorded as version baseline first";
  else if (!report.from.empty())
    out += ", after " + report.from;
  return out;
}

std::string comment(const std::string& text) {
  return indent(text, "-- ");
}

}  // namespace

std::string text(const PlanReport& report) {
  std::string out = heading(report) + steps_text(report.steps);
  out += section("Writes that only search_path can attribute", report.path_dependent);
  out += section("Translations that lose values", report.lossy);
  out += section("Translations that can fail a write", report.raising);
  out += section("Found in the data", report.findings);
  out += section("Warnings", report.warnings);
  out += estimates_text(report.estimates);
  for (const std::string& note : report.notes) out += "\n\nnote: " + one_line(note);
  return out;
}

std::string sql(const PlanReport& report) {
  std::string out = comment(heading(report)), command;
  for (const PlannedStep& step : report.steps) {
    if (step.command != command) out += fmt::format("\n\n-- == {} ==", command = step.command);
    out += "\n\n" + comment(fmt::format("{}: {}", step.phase, step.title));
    if (!step.reason.empty()) out += "\n" + comment(step.reason);
    out += "\n" + comment(cost(step));
    for (const std::string& statement : step.statements) {
      out += "\n" + statement;
      if (out.back() != ';') out += ';';
    }
  }
  return out;
}

}  // namespace pgstrata::report
