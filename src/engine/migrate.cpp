// migrate: what is pending in a directory, folded into one step wherever it can be.
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

// A `sql` migration stands alone; everything between two of them is one step.
std::vector<Documents> steps_of(Documents pending) {
  std::vector<Documents> steps;
  bool alone = true;
  for (auto& document : pending) {
    bool raw = migration::is_raw_sql(document);
    if (steps.empty() || raw || alone) steps.emplace_back();
    steps.back().push_back(std::move(document));
    alone = raw;
  }
  return steps;
}

const state::VersionRow* unfinished_start(const History& history) {
  if (!history.unfinished || history.unfinished->command != "start") return nullptr;
  for (auto& row : history.all)
    if (row.ordinal == history.unfinished->ordinal) return &row;
  return nullptr;
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
    complete(session, {}, {});
    history = session.history();
  }
  Pending pending = pending_of(session, history, documents);
  if (const state::VersionRow* row = unfinished_start(history)) {
    for (auto& document : row->documents) report.applied.push_back(document.name);
    resume_start(session, *row, pending.documents, options);
    history = session.history();
    pending = pending_of(session, history, std::move(documents));
  }
  if (history.unfinished)
    refuse_state("unfinished", "a " + history.unfinished->command + " is unfinished",
                 "run `pgstrata " + history.unfinished->command + "` again to finish it");
  report.notes = pending.notes;
  auto steps = steps_of(std::move(pending.documents));
  if (steps.size() > 1 && !options.complete)
    refuse_state("several-steps",
                 "what is pending needs " + std::to_string(steps.size()) +
                     " steps, because a `sql` migration stands alone",
                 "give --complete, or start them one by one");
  if (history.chain.size() > 1 && !options.complete && !steps.empty())
    refuse_state("in-flight",
                 "version \"" + history.chain.back().name + "\" is in flight beside \"" +
                     history.chain.front().name + "\"",
                 "run `pgstrata complete` or `pgstrata rollback` first");
  report.already =
      steps.empty() && report.applied.empty() && !(options.complete && history.chain.size() > 1);
  auto complete_all = [&] {
    while (options.complete && session.history().chain.size() > 1)
      complete(session, session.history().chain.front().name, {});
  };
  complete_all();
  for (auto& step : steps) {
    StartReport started = start(session, step, options);
    for (auto& document : step) report.applied.push_back(document.name);
    for (auto& note : started.notes) report.notes.push_back(note);
    complete_all();
  }
  fill_version(session, report);
  return report;
}

}  // namespace pgstrata::engine
