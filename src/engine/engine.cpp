// Engine: each public call opens a session, works, and turns the server's errors into ours.
#include "pgstrata/engine.hpp"

#include "engine/commands.hpp"
#include "engine/executor.hpp"
#include "engine/latest.hpp"
#include "migration/document.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata {

struct Engine::State {
  Options options;
  Progress& progress;
};

Engine::Engine(Options options, Progress& progress)
    : state_(std::make_unique<State>(State{std::move(options), progress})) {}
Engine::~Engine() = default;

namespace {

// The state schema is made for a command that has a history to begin, and none that is refused
// leaves an empty one behind.
void acquire(engine::Session& session, bool begins_history) {
  if (!session.initialized()) {
    session.require_schema();
    engine::refuse_foreign_history(session);
    if (!begins_history)
      engine::refuse_state("no-history",
                           "schema \"" + session.names.base_schema + "\" has no versions",
                           "run `pgstrata start FILE` first");
  }
  session.acquire();
}

// What no pass has turned into a sentence of its own.
Error translated(const db::SqlError& error) {
  const auto& fields = error.fields();
  if (engine::interrupted)
    return Error(Exit::interrupted, "interrupted", "stopped; the same command resumes");
  if (error.connection_lost())
    return Error(Exit::connection, "connection", fields.message, {},
                 "check the connection; the same command resumes");
  if (fields.sqlstate == "42501")
    return Error(
        Exit::connection, "privilege", fields.message, {},
        fields.hint.empty() ? "run as the owner of the tables, or give --role" : fields.hint);
  if (fields.sqlstate.rfind("28", 0) == 0 || fields.sqlstate.rfind("3D", 0) == 0 ||
      fields.sqlstate == "22023")
    return Error(Exit::connection, "connection", fields.message, {}, fields.hint);
  if (fields.sqlstate == "22P05")
    return Error(Exit::migration, "encoding", fields.message, {},
                 "the database's encoding lacks the character: write the name or text without it");
  if (error.lock_not_available())
    return Error(Exit::locks, "lock-budget", "gave up waiting for a lock: " + fields.message, {},
                 "run the same command again");
  if (error.try_again())
    return Error(Exit::locks, "lock-budget", fields.message, {}, "run the same command again");
  if (fields.sqlstate == "25006")
    return Error(Exit::connection, "read-only", fields.message, {},
                 "connect to the primary server");
  if (fields.sqlstate == "57014")
    return Error(Exit::connection, "canceled", fields.message, {},
                 "somebody canceled it; run the same command again");
  const std::string_view state = fields.sqlstate;
  if (state.starts_with("53") || state.starts_with("57") || state.starts_with("58"))
    return Error(Exit::connection, "server-refused", fields.message, {},
                 "mend what the server lacks, then run the same command again");
  return Error(Exit::failure, "sql-" + fields.sqlstate,
               "PostgreSQL says " + fields.sqlstate + ": " + fields.message +
                   (fields.detail.empty() ? "" : " (" + fields.detail + ")"),
               {}, fields.hint);
}

template <typename Work>
auto guarded(Work work) {
  try {
    return work();
  } catch (const db::SqlError& error) {
    throw translated(error);
  }
}

// For what looks without the runner's lock: another command may end a version meanwhile, or make a
// schema that the history did not know yet when it was read.
template <typename Look>
auto looked(Look look) {
  for (int tries = 1;; ++tries) {
    try {
      return guarded(look);
    } catch (const Error& error) {
      const bool changed = error.code() == engine::changed_meanwhile;
      const bool taken = error.code() == engine::schema_taken;
      if (!(changed && tries < 3) && !(taken && tries == 1)) throw;
    }
  }
}

}  // namespace

InitReport Engine::init() {
  return guarded([&] {
    engine::Session session(state_->options, "init", state_->progress);
    bool created = session.store.ensure();
    return InitReport{
        .already = !created, .state_schema = state_->options.state_schema, .notes = {}};
  });
}

ValidateReport Engine::validate(const std::vector<std::string>& files) {
  return looked([&] { return engine::validate(state_->options, files, state_->progress); });
}

PlanReport Engine::plan(const std::string& file) {
  return looked([&] {
    engine::Session session(state_->options, "plan", state_->progress);
    return engine::plan_report(session, file);
  });
}

StartReport Engine::start(const std::string& file, const StartOptions& options) {
  return guarded([&] {
    engine::Documents documents{migration::read_file(file)};
    engine::Session session(state_->options, "start", state_->progress, engine::Purpose::changes);
    acquire(session, true);
    engine::finish_own_completion(session, documents, options);
    StartReport report = engine::start(session, documents, options);
    if (options.complete && session.history().chain.size() > 1) {
      CompleteReport completed = engine::complete_all(session);
      report.already = false;
      for (auto& note : completed.notes) report.notes.push_back(note);
    }
    report.completed = options.complete;
    return report;
  });
}

CompleteReport Engine::complete(const std::optional<std::string>& version,
                                const CompleteOptions& options) {
  return guarded([&] {
    engine::Session session(state_->options, "complete", state_->progress,
                            engine::Purpose::changes);
    acquire(session, false);
    return engine::complete(session, version, options);
  });
}

RollbackReport Engine::rollback(const std::optional<std::string>& version,
                                const RollbackOptions& options) {
  return guarded([&] {
    engine::Session session(state_->options, "rollback", state_->progress,
                            engine::Purpose::changes);
    acquire(session, false);
    return engine::rollback(session, version, options);
  });
}

MigrateReport Engine::migrate(const std::string& directory, const MigrateOptions& options) {
  return guarded([&] {
    engine::Session session(state_->options, "migrate", state_->progress, engine::Purpose::changes);
    acquire(session, true);
    return engine::migrate(session, directory, options);
  });
}

BaselineReport Engine::baseline(const std::string& name) {
  return guarded([&] {
    engine::Session session(state_->options, "baseline", state_->progress,
                            engine::Purpose::changes);
    acquire(session, true);
    return engine::baseline(session, name);
  });
}

StatusReport Engine::status() {
  return looked([&] {
    engine::Session session(state_->options, "status", state_->progress);
    return engine::status(session);
  });
}

ControlReport Engine::control(const ControlChange& change) {
  return guarded([&] {
    engine::Session session(state_->options, "control", state_->progress);
    return engine::control(session, change);
  });
}

VerifyReport Engine::verify(const std::optional<std::string>& version) {
  return looked([&] {
    engine::Session session(state_->options, "verify", state_->progress);
    return engine::verify(session, version);
  });
}

std::string Engine::latest_schema() {
  return guarded([&] {
    engine::Session session(state_->options, "latest", state_->progress);
    return engine::latest(session).schema;
  });
}

std::string Engine::latest_migration() {
  return guarded([&] {
    engine::Session session(state_->options, "latest", state_->progress);
    return engine::latest(session).name;
  });
}

std::string Engine::latest_url() {
  return guarded([&] {
    engine::Session session(state_->options, "latest", state_->progress);
    return engine::url_with_path(state_->options.url, engine::latest(session).schema);
  });
}

}  // namespace pgstrata
