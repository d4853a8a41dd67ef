// migrate: what is pending in a directory, folded into one step wherever it can be.
#include <algorithm>
#include <filesystem>
#include <map>

#include "engine/commands.hpp"
#include "migration/apply.hpp"
#include "migration/document.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::engine {

using state::Status;

namespace {

Documents read_all(const std::string& directory) {
  Documents documents;
  std::map<std::string, std::string> files;
  for (auto& file : migration::list_directory(directory)) {
    documents.push_back(migration::read_file(file));
    auto [known, is_new] = files.emplace(documents.back().name, file);
    if (!is_new)
      throw Error(Exit::migration, "duplicate-migration",
                  "migration \"" + documents.back().name + "\" is in " + known->second + " too",
                  file, "remove one of them");
  }
  return documents;
}

struct Pending {
  Documents documents;
  std::vector<std::string> notes;
};

Pending pending_of(Session& session, const History& history, Documents documents) {
  std::map<std::string, std::string> applied;  // name → hash
  for (auto& row : history.all)
    if (row.status != Status::rolled_back && row.status != Status::starting)
      for (auto& document : row.documents) applied[document.name] = document.hash;
  Pending pending;
  for (auto& document : documents) {
    auto known = applied.find(document.name);
    if (known == applied.end()) {
      pending.documents.push_back(std::move(document));
      continue;
    }
    if (known->second != md5(session, document.content))
      pending.notes.push_back("migration \"" + document.name +
                              "\" was edited after it was applied; what was applied stays");
    if (!pending.documents.empty())
      pending.notes.push_back("migration \"" + pending.documents.back().name +
                              "\" is applied after \"" + document.name +
                              "\", which sorts behind it");
  }
  return pending;
}

// Of a directory's migrations, those that sort behind `last` wait; they are returned.
Documents keep_up_to(Documents& documents, const std::string& last, const std::string& directory) {
  auto at = std::find_if(documents.begin(), documents.end(),
                         [&](auto& document) { return document.name == last; });
  if (at == documents.end())
    throw Error(Exit::usage, "unknown-migration",
                "there is no migration \"" + last + "\" in " + directory, directory,
                "--to takes a file's name without its extension");
  Documents waiting(std::make_move_iterator(at + 1), std::make_move_iterator(documents.end()));
  documents.erase(at + 1, documents.end());
  return waiting;
}

// What cannot all be published beside each other is refused before the first of it is.
void refuse_steps(const std::vector<Documents>& steps, std::size_t live, bool stack) {
  if (steps.size() > 1 && !stack)
    refuse_state("several-steps",
                 "what is pending needs " + std::to_string(steps.size()) +
                     " steps, because a `sql` migration stands alone",
                 "give --stack or --complete, or start them one by one");
  live = std::max<std::size_t>(live, 1);
  for (auto& step : steps)
    if (live++ > 1 && migration::is_raw_sql(step.front()))
      refuse_state("sql-in-flight",
                   "migration \"" + step.front().name +
                       "\" is `sql`, which cannot run while several versions are live",
                   "give --complete, or complete what is in flight first");
}

// A `sql` migration stands alone; everything between two of them is one step, or each is one.
std::vector<Documents> steps_of(Documents pending, bool stack) {
  std::vector<Documents> steps;
  bool alone = true;
  for (auto& document : pending) {
    bool raw = migration::is_raw_sql(document);
    if (steps.empty() || raw || alone || stack) steps.emplace_back();
    steps.back().push_back(std::move(document));
    alone = raw;
  }
  return steps;
}

const state::VersionRow* unfinished_start(const History& history) {
  if (!history.unfinished || history.unfinished->command != "start") return nullptr;
  return &history.at(history.unfinished->ordinal);
}

// The step that an interrupted migrate was in: its documents, from the journal.
void resume_start(Session& session, const state::VersionRow& row, const Documents& pending,
                  const MigrateOptions& options) {
  Documents same;
  for (auto& document : pending) {
    if (same.size() == row.documents.size()) break;
    same.push_back(document);
  }
  bool equal = same.size() == row.documents.size();
  for (std::size_t i = 0; equal && i < same.size(); ++i)
    equal = same[i].name == row.documents[i].name;
  if (!equal)
    refuse_state("unfinished", "a start of version \"" + row.name + "\" is unfinished",
                 "finish it, or `pgstrata rollback` it");
  start(session, same, options);
}

void fill_version(Session& session, MigrateReport& report) {
  History history = session.history();
  for (auto& row : history.chain)
    if (row.kind != empty_kind && row.status == Status::live) {
      report.version = row.name;
      report.version_schema = row.schema;
    }
  report.completed = history.chain.size() == 1;
}

}  // namespace

MigrateReport migrate(Session& session, const std::string& directory,
                      const MigrateOptions& options) {
  MigrateReport report;
  Documents documents = read_all(directory);
  finish_baseline(session);
  History history = session.history();
  if (history.unfinished && history.unfinished->command == "complete" && options.complete) {
    complete_all(session);
    history = session.history();
  }
  if (options.to) {
    report.to = *options.to;
    Documents waiting = keep_up_to(documents, *options.to, directory);
    const Pending later = pending_of(session, history, std::move(waiting));
    report.waiting = static_cast<int>(later.documents.size());
  }
  Pending pending = pending_of(session, history, documents);
  if (const state::VersionRow* row = unfinished_start(history)) {
    for (auto& document : row->documents) report.applied.push_back(document.name);
    resume_start(session, *row, pending.documents, options);
    history = session.history();
    pending = pending_of(session, history, std::move(documents));
  }
  if (history.unfinished)
    refuse_state(
        "unfinished", "a " + history.unfinished->command + " is unfinished",
        how_to_finish(history.unfinished->command, history.at(history.unfinished->ordinal).name));
  report.notes = pending.notes;
  auto steps = steps_of(std::move(pending.documents), options.stack);
  if (!options.complete) refuse_steps(steps, history.chain.size(), options.stack);
  report.already =
      steps.empty() && report.applied.empty() && !(options.complete && history.chain.size() > 1);
  auto complete_if_asked = [&] {
    if (options.complete && session.history().chain.size() > 1) complete_all(session);
  };
  complete_if_asked();
  for (auto& step : steps) {
    StartReport started = start(session, step, options);
    for (auto& document : step) report.applied.push_back(document.name);
    for (auto& note : started.notes) report.notes.push_back(note);
    complete_if_asked();
  }
  fill_version(session, report);
  return report;
}

}  // namespace pgstrata::engine
