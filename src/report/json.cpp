#include "report/json.hpp"

#include <nlohmann/json.hpp>

#include "report/format.hpp"

namespace pgstrata::report {

namespace {

using Json = nlohmann::ordered_json;

std::string print(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

// Reports say -1 for what is not known.
template <typename Number>
Json known(Number value) {
  return value < 0 ? Json() : Json(value);
}

Json error_json(const Error& error) {
  return {{"code", error.code()},
          {"message", redact(error.message())},
          {"where", error.where()},
          {"hint", redact(error.hint())},
          {"exit", static_cast<int>(error.exit())}};
}

Json filled_json(const std::vector<Filled>& filled) {
  Json list = Json::array();
  for (const Filled& table : filled)
    list.push_back({{"table", table.table}, {"rows", table.rows}, {"seconds", table.seconds}});
  return list;
}

Json notes_json(const std::vector<PlanNote>& notes) {
  Json list = Json::array();
  for (const PlanNote& note : notes) list.push_back({{"object", note.object}, {"text", note.text}});
  return list;
}

Json steps_json(const std::vector<PlannedStep>& steps) {
  Json list = Json::array();
  for (const PlannedStep& step : steps)
    list.push_back({{"command", step.command},
                    {"phase", step.phase},
                    {"kind", step.kind},
                    {"title", step.title},
                    {"reason", step.reason},
                    {"lock", step.lock},
                    {"scans", step.scans},
                    {"rewrites", step.rewrites},
                    {"statements", step.statements}});
  return list;
}

}  // namespace

std::string json(const InitReport& report) {
  return print({{"already", report.already},
                {"state_schema", report.state_schema},
                {"notes", report.notes}});
}

std::string json(const ValidateReport& report) {
  Json files = Json::array();
  bool valid = true;
  for (const ValidatedFile& file : report.files) {
    Json problems = Json::array();
    for (const Error& problem : file.problems) problems.push_back(error_json(problem));
    valid = valid && file.problems.empty();
    files.push_back({{"file", file.file},
                     {"valid", file.problems.empty()},
                     {"version", file.version},
                     {"version_schema", file.version_schema},
                     {"operations", file.operations},
                     {"problems", problems}});
  }
  return print(
      {{"valid", valid}, {"bound", report.bound}, {"files", files}, {"notes", report.notes}});
}

std::string json(const PlanReport& report) {
  Json estimates = Json::array();
  for (const PlanEstimate& table : report.estimates)
    estimates.push_back({{"table", table.table},
                         {"rows", known(table.rows)},
                         {"table_bytes", table.table_bytes},
                         {"disk_bytes", known(table.disk_bytes)},
                         {"wal_bytes", known(table.wal_bytes)}});
  return print({{"version", report.version},
                {"version_schema", report.version_schema},
                {"from", report.from},
                {"records_baseline", report.records_baseline},
                {"steps", steps_json(report.steps)},
                {"path_dependent", notes_json(report.path_dependent)},
                {"lossy", notes_json(report.lossy)},
                {"raising", notes_json(report.raising)},
                {"findings", notes_json(report.findings)},
                {"warnings", notes_json(report.warnings)},
                {"estimates", estimates},
                {"notes", report.notes}});
}

std::string json(const StartReport& report, const std::vector<Filled>& filled) {
  return print({{"already", report.already},
                {"resumed", report.resumed},
                {"version", report.version},
                {"version_schema", report.version_schema},
                {"ordinal", report.ordinal},
                {"completed", report.completed},
                {"filled", filled_json(filled)},
                {"notes", report.notes}});
}

std::string json(const CompleteReport& report) {
  return print({{"already", report.already},
                {"resumed", report.resumed},
                {"retired", report.retired},
                {"all_retired", report.all_retired},
                {"version", report.version},
                {"version_schema", report.version_schema},
                {"notes", report.notes}});
}

std::string json(const RollbackReport& report) {
  Json lost = Json::array();
  for (const LostRows& rows : report.lost)
    lost.push_back({{"table", rows.table},
                    {"column", rows.column},
                    {"rows", rows.rows},
                    {"version", rows.version.empty() ? report.removed : rows.version}});
  return print({{"already", report.already},
                {"resumed", report.resumed},
                {"removed", report.removed},
                {"all_removed", report.all_removed},
                {"version", report.version},
                {"version_schema", report.version_schema},
                {"lost", lost},
                {"notes", report.notes}});
}

std::string json(const MigrateReport& report, const std::vector<Filled>& filled) {
  return print({{"already", report.already},
                {"applied", report.applied},
                {"waiting", report.waiting},
                {"version", report.version},
                {"version_schema", report.version_schema},
                {"completed", report.completed},
                {"filled", filled_json(filled)},
                {"notes", report.notes}});
}

std::string json(const BaselineReport& report) {
  return print({{"already", report.already},
                {"version", report.version},
                {"version_schema", report.version_schema},
                {"ordinal", report.ordinal},
                {"tables", report.tables},
                {"notes", report.notes}});
}

std::string json(const StatusReport& report) {
  Json versions = Json::array();
  for (const VersionStatus& version : report.versions) {
    Json holds = Json::array();
    for (const HeldColumn& held : version.holds)
      holds.push_back({{"table", held.table},
                       {"column", held.column},
                       {"physical", held.physical},
                       {"bytes", known(held.bytes)},
                       {"unfilled", known(held.unfilled)}});
    versions.push_back({{"name", version.name},
                        {"schema", version.schema},
                        {"ordinal", version.ordinal},
                        {"status", version.status},
                        {"kind", version.kind},
                        {"age_seconds", known(version.age_seconds)},
                        {"holds", holds},
                        {"lossy", version.lossy},
                        {"dependents", version.dependents}});
  }
  Json unfinished;
  if (report.unfinished)
    unfinished = {{"command", report.unfinished->command},
                  {"version", report.unfinished->version},
                  {"done", report.unfinished->done},
                  {"total", report.unfinished->total}};
  return print({{"schema", report.schema},
                {"initialized", report.initialized},
                {"in_flight", report.in_flight},
                {"versions", versions},
                {"unfinished", unfinished},
                {"notes", report.notes}});
}

std::string json(const ControlReport& report) {
  Json fills = Json::array();
  for (const FillStatus& fill : report.fills)
    fills.push_back({{"table", fill.table},
                     {"rows", fill.rows},
                     {"pages_done", fill.pages_done},
                     {"pages_total", fill.pages_total},
                     {"rows_per_second", fill.rows_per_second},
                     {"workers", fill.workers},
                     {"throttled_by", fill.throttled_by},
                     {"age_seconds", known(fill.age_seconds)}});
  return print({{"paused", report.paused},
                {"max_rate", report.max_rate ? Json(*report.max_rate) : Json()},
                {"workers", report.workers ? Json(*report.workers) : Json()},
                {"fills", fills},
                {"notes", report.notes}});
}

std::string json(const VerifyReport& report) {
  Json columns = Json::array();
  std::int64_t differing = 0;
  for (const VerifiedColumn& column : report.columns) {
    differing += column.differing;
    columns.push_back({{"version", column.version},
                       {"table", column.table},
                       {"column", column.column},
                       {"rows", column.rows},
                       {"differing", column.differing},
                       {"has_down", column.has_down},
                       {"samples", column.samples}});
  }
  return print({{"differing", differing}, {"columns", columns}, {"notes", report.notes}});
}

std::string json(const std::string& key, const std::string& value) {
  return print({{key, value}});
}

std::string json(const Error& error) {
  Json document;
  document["error"] = error_json(error);
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pgstrata::report
