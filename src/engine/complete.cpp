// complete: retire the oldest live version.
#include <algorithm>

#include "engine/commands.hpp"
#include "engine/drift.hpp"
#include "engine/in_the_way.hpp"
#include "engine/long_read.hpp"
#include "engine/user_triggers.hpp"
#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::engine {

using state::RunStatus;
using state::Status;

namespace {

void execute(Session& session, const state::RunRow& run, bool on_complete,
             const CompleteOptions& options) {
  if (on_complete) return execute_with_on_complete(session, run, options.kill_after_step);
  session.execute(run, 1, 0, options.kill_after_step, when_gone(session, run, Status::retired));
}

void describe(CompleteReport& report, const state::VersionRow& retired,
              const state::VersionRow& oldest) {
  report.retired = retired.kind == empty_kind ? "" : retired.name;
  if (!report.already && !report.retired.empty()) report.all_retired = {report.retired};
  report.version = oldest.name;
  report.version_schema = oldest.schema;
}

// A repeated command must not take the next version: where more than one could be meant, it names
// the one that goes.
void require_version(const History& history, const std::optional<std::string>& version) {
  if (history.chain.size() < 3 || version) return;
  throw Error(Exit::usage, "version-needed", "three or more versions are live: say which one goes",
              {}, "`pgstrata complete '" + history.chain.front().name + "'` retires the oldest");
}

CompleteReport resume(Session& session, const History& history,
                      const std::optional<std::string>& version, const CompleteOptions& options) {
  const state::RunRow& run = *history.unfinished;
  const state::VersionRow& subject = history.at(run.ordinal);
  if (run.command != "complete") refuse_unfinished(history);
  if (version && *version != subject.name)
    refuse_state("unfinished",
                 "the completion that retires version \"" + subject.name + "\" is unfinished",
                 how_to_finish(run.command, subject.name));
  check_drift_of_rest(session, history, run);
  CompleteReport report;
  report.resumed = true;
  if (options.skip_on_complete)
    report.notes.push_back(
        skip_failed_sql(session, run, "complete", "onComplete", "--skip-on-complete"));
  execute(session, run, runs_on_complete(session, run), options);
  for (auto& row : history.chain)
    if (row.ordinal != run.ordinal) {
      describe(report, subject, row);
      break;
    }
  return report;
}

// The version was retired before.
std::optional<CompleteReport> already_gone(const History& history,
                                           const std::optional<std::string>& version) {
  const state::VersionRow* known = version ? history.newest_named(*version) : nullptr;
  if (!known || known->status != Status::retired || history.chain.empty()) return {};
  CompleteReport report;
  report.already = true;
  describe(report, *known, history.chain.front());
  return report;
}

// Nothing in flight: done already, if that was the last thing done.
CompleteReport only_one_live(Session& session, const History& history,
                             const std::optional<std::string>& version) {
  const state::VersionRow& only = history.chain.front();
  const auto last = session.store.last_finished_run();
  if (!version && last && last->command == "complete" && last->status == RunStatus::done) {
    CompleteReport report;
    report.already = true;
    describe(report, history.at(last->ordinal), only);
    return report;
  }
  refuse_state("not-in-flight",
               "\"" + only.name + "\" is the only live version: there is nothing to complete",
               "run `pgstrata start FILE` first");
}

void require_history(Session& session, const History& history) {
  if (history.chain.empty())
    refuse_state("no-history", "schema \"" + session.names.base_schema + "\" has no versions",
                 "run `pgstrata start FILE` first");
}

void require_oldest(const History& history, const std::optional<std::string>& version) {
  const state::VersionRow& oldest = history.chain.front();
  if (!version || *version == oldest.name) return;
  refuse_state(
      "not-oldest",
      "version \"" + *version +
          "\" is not the oldest live version, which is the one that goes: \"" + oldest.name + "\"",
      "run `pgstrata complete" + (oldest.kind == empty_kind ? "" : " " + oldest.name) + "`");
}

// Old writers were free to break the new version's rules; that stops a completion before its first
// unit.
void check_rules(Session& session, const model::Version& oldest) {
  for (auto& rule : oldest.rules) {
    const model::Table& table = *oldest.physical_table(rule.table);
    auto condition = rule.condition.rewrite([&](const std::string& column) {
      return sql::format("{}", sql::Name(table.column(column)->physical));
    });
    const std::string name = rule.name.empty() ? "NOT NULL of column \"" + rule.column + "\""
                                               : "check constraint \"" + rule.name + "\"";
    auto violated = [&](const std::string& what) {
      throw Error(Exit::data, "rule-violated", what, table.name,
                  "older versions may have written them; mend them, then complete again");
    };
    try {
      auto found = read_long(
          session, table.name,
          sql::format("SELECT pg_catalog.count(*), pg_catalog.min(t::pg_catalog.text) FROM {} t "
                      "WHERE NOT ({})",
                      sql::Qualified{session.names.base_schema, table.physical}, condition)
              .str());
      if (found.integer(0, 0) > 0)
        violated(found.text(0, 0) + " rows of table \"" + table.name + "\" violate " + name +
                 ", for example " + found.text(0, 1));
    } catch (const db::SqlError& error) {
      if (error.connection_lost() || error.canceled()) throw;
      violated("rows of table \"" + table.name + "\" make " + name +
               " fail: " + error.fields().message);
    }
  }
}

CompleteReport complete_oldest(Session& session, const std::optional<std::string>& version,
                               const CompleteOptions& options) {
  History history = session.history();
  require_history(session, history);
  if (auto report = already_gone(history, version)) return *report;
  require_version(history, version);
  if (history.unfinished) return resume(session, history, version, options);
  if (options.skip_on_complete)
    skip_failed_sql(session, {}, "complete", "onComplete", "--skip-on-complete");
  require_oldest(history, version);
  if (history.chain.size() == 1) return only_one_live(session, history, version);

  plan::Chain chain = session.models(history.chain);
  const auto dropped = without_schema(session, chain);
  for (const model::Version* version : dropped)
    if (version != &chain.front()) refuse_dropped_schema(*version);
  check_rules(session, chain[1]);
  refuse_dependents(session, chain, chain.front(), chain.front().schema,
                    going_with_oldest(session, chain));
  check_drift(session, history, chain);
  if (!chain.front().schema.empty()) refuse_taken_hidden_schema(session, chain.front());
  // The models say all there is to know but for triggers of users; what else the catalog has
  // beside them is not touched.
  catalog::Snapshot nothing;
  plan::Surroundings around = around_triggers(session, nothing, chain);
  around.dropped_views = dropped_layers(session, std::span(chain).subspan(1));
  plan::Outcome outcome = plan::plan_complete(around, chain);
  refuse_dependents_of_layers(session, chain, chain.front(), outcome.survivors);
  refuse_missing_rights(session, history, outcome.steps, true);
  state::RunRow run;
  run.command = "complete";
  run.ordinal = chain.front().ordinal;
  run.detail = survivors_json(outcome.survivors, chain);
  journaled(
      session,
      [&] {
        if (!dropped.empty()) restore_dropped_schema(session, chain.front());
        session.store.set_status(run.ordinal, Status::retiring);
        run.id = session.store.insert_run(run, outcome.steps);
      },
      Commit::before_others);
  execute(session, run, !chain[1].on_complete.empty(), options);
  CompleteReport report;
  describe(report, history.chain[0], history.chain[1]);
  return report;
}

// From the oldest on while `goes_on` says so of the oldest; each is a completion of its own, so the
// same command resumes wherever it was ended.
template <typename GoesOn>
CompleteReport complete_several(Session& session, CompleteOptions options, GoesOn goes_on) {
  CompleteReport report;
  report.already = true;
  std::vector<std::string> retired;
  for (History history = session.history();
       history.chain.size() > 1 && goes_on(history.chain.front()); history = session.history()) {
    const bool resumed = report.resumed;
    report = complete_oldest(session, history.chain.front().name, options);
    options.skip_on_complete = false;  // it was meant for the one that had failed
    report.resumed |= resumed;
    retired.insert(retired.end(), report.all_retired.begin(), report.all_retired.end());
  }
  report.all_retired = std::move(retired);
  if (report.already) {
    const History history = session.history();
    report.version = history.chain.front().name;
    report.version_schema = history.chain.front().schema;
  }
  return report;
}

CompleteReport complete_through(Session& session, const std::string& last,
                                const CompleteOptions& options) {
  const History history = session.history();
  require_history(session, history);
  if (auto report = already_gone(history, last)) return *report;
  const auto at = std::find_if(history.chain.begin(), history.chain.end(),
                               [&](auto& row) { return row.name == last; });
  if (at == history.chain.end())
    refuse_state("unknown-version", "there is no live version \"" + last + "\"",
                 "`pgstrata status` lists them");
  if (at + 1 == history.chain.end())
    refuse_state("newest", "version \"" + last + "\" is the newest one: no version would be left",
                 history.chain.size() > 1
                     ? "run `pgstrata complete --all` to retire those before it"
                     : "run `pgstrata start FILE` first");
  const int ordinal = at->ordinal;
  return complete_several(session, options,
                          [&](auto& oldest) { return oldest.ordinal <= ordinal; });
}

}  // namespace

CompleteReport complete_all(Session& session) {
  return complete(session, {}, {.all = true});
}

CompleteReport complete(Session& session, const std::optional<std::string>& version,
                        const CompleteOptions& options) {
  if (int(version.has_value()) + int(options.through.has_value()) + int(options.all) > 1)
    throw Error(Exit::usage, "usage", "VERSION, --through and --all exclude each other");
  if (options.through) return complete_through(session, *options.through, options);
  if (!options.all) return complete_oldest(session, version, options);
  require_history(session, session.history());
  return complete_several(session, options, [](auto&) { return true; });
}

}  // namespace pgstrata::engine
