#include "report/text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/format.hpp"

namespace pgstrata::report {

namespace {

std::string with_notes(std::string text, const std::vector<std::string>& notes) {
  for (const std::string& note : notes) text += "\nnote: " + one_line(note);
  return text;
}

std::string use_it(const std::string& schema) {
  return schema.empty() ? "" : fmt::format("\nits clients use search_path = {}", schema);
}

}  // namespace

std::string text(const InitReport& report) {
  return with_notes(report.already
                        ? fmt::format("already there: state schema {}", report.state_schema)
                        : fmt::format("created state schema {}", report.state_schema),
                    report.notes);
}

std::string text(const ValidateReport& report) {
  std::string out;
  for (const ValidatedFile& file : report.files) {
    if (!out.empty()) out += '\n';
    if (file.problems.empty())
      out += fmt::format("{}: valid, {}, version schema {}", file.file,
                         plural(file.operations, "operation"), file.version_schema);
    else
      out += fmt::format("{}: not valid", file.file);
  }
  if (!report.bound)
    out += "\nnote: without --url the expressions were not bound; only the documents were checked";
  return with_notes(out, report.notes);
}

std::string text(const StartReport& report) {
  std::string out;
  if (report.already)
    out = fmt::format("already started: version {} is published as {}", report.version,
                      report.version_schema);
  else
    out = fmt::format("started version {}{}, published as {}", report.version,
                      report.resumed ? " (resumed)" : "", report.version_schema);
  if (report.completed) out += "; the version before it is gone";
  return with_notes(out + use_it(report.version_schema), report.notes);
}

namespace {

// `all`: that went by this call. The shape of an empty schema has no name, and goes without a word.
std::string gone(const std::vector<std::string>& all, const std::string& last) {
  if (all.empty() && last.empty()) return "";
  const std::vector<std::string> versions = all.empty() ? std::vector{last} : all;
  const bool one = versions.size() == 1;
  return fmt::format(": version{} {} {} gone", one ? "" : "s", fmt::join(versions, ", "),
                     one ? "is" : "are");
}

}  // namespace

std::string text(const CompleteReport& report) {
  std::string out;
  if (report.already)
    out = "already completed" + gone({}, report.retired);
  else
    out = fmt::format("completed{}{}", report.resumed ? " (resumed)" : "",
                      gone(report.all_retired, report.retired));
  if (!report.version.empty())
    out +=
        fmt::format("; the oldest version now is {} ({})", report.version, report.version_schema);
  return with_notes(out, report.notes);
}

std::string text(const RollbackReport& report) {
  std::string out;
  if (report.already)
    out = "already rolled back" + gone({}, report.removed);
  else
    out = fmt::format("rolled back{}{}", report.resumed ? " (resumed)" : "",
                      gone(report.all_removed, report.removed));
  if (!report.version.empty())
    out +=
        fmt::format("; the newest version now is {} ({})", report.version, report.version_schema);
  for (const LostRows& lost : report.lost)
    out += fmt::format("\n{} of {} held a value in {} that only version {} could hold",
                       plural(lost.rows, "row"), lost.table, lost.column,
                       lost.version.empty() ? report.removed : lost.version);
  return with_notes(out, report.notes);
}

std::string text(const MigrateReport& report) {
  std::string out;
  if (report.already) {
    out =
        "nothing to do: " + (report.to.empty() ? "every migration of the directory is applied"
                                               : "migration " + report.to + " is applied already");
  } else {
    out = fmt::format("applied {}:",
                      plural(static_cast<std::int64_t>(report.applied.size()), "migration"));
    for (const std::string& name : report.applied) out += " " + name;
  }
  if (report.waiting > 0)
    out += fmt::format("; {} behind {} {} not applied yet", plural(report.waiting, "migration"),
                       report.to, report.waiting == 1 ? "is" : "are");
  if (!report.version.empty())
    out += fmt::format("\nversion {} is published as {}", report.version, report.version_schema);
  if (report.completed) out += "; the versions before it are gone";
  return with_notes(out, report.notes);
}

std::string text(const BaselineReport& report) {
  return with_notes(fmt::format("{} version {} of {}, published as {}{}",
                                report.already ? "already recorded:" : "recorded", report.version,
                                plural(report.tables, "table"), report.version_schema,
                                use_it(report.version_schema)),
                    report.notes);
}

namespace {

// What goes with the version, what crossing to it can lose, what others hung on it.
std::string held_by(const VersionStatus& version) {
  std::string out;
  for (const HeldColumn& held : version.holds) {
    out += fmt::format("\n  {}.{}{}", held.table, held.column,
                       held.physical == held.column ? "" : " as " + held.physical);
    if (held.bytes >= 0) out += ", about " + bytes(held.bytes);
    if (held.unfilled > 0) out += ", about " + plural(held.unfilled, "row") + " not yet filled";
  }
  for (const std::string& title : version.lossy) out += "\n  loses values: " + one_line(title);
  for (const std::string& dependent : version.dependents) out += "\n  " + one_line(dependent);
  return out.empty() ? out : fmt::format("\n\n{} holds", version.name) + out;
}

}  // namespace

namespace {

// Years of history would push what is live off the screen.
std::vector<VersionStatus> worth_showing(const std::vector<VersionStatus>& versions) {
  constexpr int newest_ended = 5;
  std::vector<VersionStatus> shown;
  int ended = 0;
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    const bool over = version->status == "retired" || version->status == "rolled_back";
    if (!over || ended++ < newest_ended) shown.insert(shown.begin(), *version);
  }
  return shown;
}

}  // namespace

std::string text(const StatusReport& report) {
  const std::vector<VersionStatus> versions = worth_showing(report.versions);
  std::string out = fmt::format("base schema {}: ", report.schema);
  if (report.versions.empty())
    out += "no versions yet; start with `pgstrata baseline NAME` or `pgstrata start FILE`";
  else
    out += report.in_flight ? "a migration is in flight" : "idle";
  std::size_t name = 7, schema = 6;
  for (const VersionStatus& version : versions) {
    name = std::max(name, version.name.size());
    schema = std::max(schema, version.schema.size());
  }
  if (!report.versions.empty())
    out += fmt::format("\n\n{:>4}  {:<{}}  {:<{}}  {:<12}  {}", "#", "version", name, "schema",
                       schema, "status", "published");
  if (versions.size() < report.versions.size())
    out += fmt::format("\n      … {} older ones; --json lists them all",
                       report.versions.size() - versions.size());
  for (const VersionStatus& version : versions)
    out +=
        fmt::format("\n{:>4}  {:<{}}  {:<{}}  {:<12}  {}", version.ordinal, version.name, name,
                    version.schema, schema, version.status,
                    version.age_seconds < 0 ? "not yet" : duration(version.age_seconds) + " ago");
  for (const VersionStatus& version : versions) out += held_by(version);
  if (report.unfinished)
    out += fmt::format("\n\nunfinished: {} of {}, {} of {} steps done; the same command resumes it",
                       report.unfinished->command, report.unfinished->version,
                       report.unfinished->done, report.unfinished->total);
  return with_notes(out, report.notes);
}

std::string text(const ControlReport& report) {
  std::string out = report.paused ? "paused" : "not paused";
  out += ", rate: ";
  if (!report.max_rate)
    out += "as the command said";
  else
    out += *report.max_rate > 0
               ? count(static_cast<std::int64_t>(*report.max_rate)) + " rows/s at most"
               : "no limit";
  out += ", workers: " + (report.workers ? count(*report.workers) : "as the command said");
  for (const FillStatus& fill : report.fills) {
    out += fmt::format("\n{} {}, {}", fill.table, percent(fill.pages_done, fill.pages_total),
                       plural(fill.rows, "row"));
    if (fill.age_seconds < 0) continue;
    out += fmt::format(", {} rows/s by {}, {} ago",
                       count(static_cast<std::int64_t>(fill.rows_per_second)),
                       plural(fill.workers, "worker"), duration(fill.age_seconds));
    if (!fill.throttled_by.empty()) out += "; throttled: " + one_line(fill.throttled_by);
  }
  return with_notes(out, report.notes);
}

std::string text(const VerifyReport& report) {
  std::string out;
  for (const VerifiedColumn& column : report.columns) {
    if (!out.empty()) out += '\n';
    out +=
        fmt::format("{}: {}.{}: {}, {}{}", column.version, column.table, column.column,
                    plural(column.rows, "row"),
                    column.differing > 0 ? fmt::format("{} differ", count(column.differing))
                                         : (column.has_down ? "all as translated" : "all filled"),
                    column.has_down ? "" : " (no `down`: newer versions may write anything)");
    for (const std::string& sample : column.samples) out += "\n    " + one_line(sample);
  }
  if (report.columns.empty()) out = "nothing is translated";
  return with_notes(out, report.notes);
}

std::string text(const std::vector<Filled>& filled) {
  std::string out;
  for (const Filled& table : filled) {
    if (!out.empty()) out += '\n';
    out += fmt::format("filled {}: {} in {}", table.table, plural(table.rows, "row"),
                       duration(table.seconds));
    if (table.seconds > 0)
      out += fmt::format(
          " ({} rows/s)",
          count(static_cast<std::int64_t>(static_cast<double>(table.rows) / table.seconds)));
  }
  return out;
}

std::string text(const Error& error) {
  std::string out = "pgstrata: " + redact(error.what());
  if (!error.hint().empty()) out += "\n" + indent(redact(error.hint()), "  ");
  return out;
}

}  // namespace pgstrata::report
