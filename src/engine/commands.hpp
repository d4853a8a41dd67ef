// The commands, one file each; Engine's methods call them. Each reads as the list of its passes.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/session.hpp"
#include "migration/operation.hpp"
#include "model/draft.hpp"

namespace pgstrata::engine {

// --- start
// -------------------------------------------------------------------------------------------------
// Documents that become one version: the last one's name.
using Documents = std::vector<migration::Migration>;

StartReport start(Session& session, const Documents& documents, const StartOptions& options);

// `start --complete` that was interrupted in its second half: the same command finishes it.
void finish_own_completion(Session& session, const Documents& documents,
                           const StartOptions& options);

// The live version that has applied the migration; nothing if none has. Refuses another content
// under a name that was used, and what is retired.
struct Applied {
  const state::VersionRow* row = nullptr;  // of `history`
  std::string note;                        // where it is not plainly that version
};
Applied find_applied(Session& session, const History& history, const Documents& documents);
// Was the version made of these documents?
bool has_content(Session& session, const state::VersionRow& row, const Documents& documents);

// What a start would do: everything up to the plan, nothing changed.
struct Prepared {
  History history;
  catalog::Snapshot snapshot;
  plan::Chain live;  // refreshed from the catalog
  model::Version next;
  std::vector<plan::Step> steps;
  std::vector<std::string> notes, drift, functions;
  bool records_baseline = false, records_empty = false;
  model::ModelChange refreshed;  // what the catalog has more to say of the live version
};
Prepared prepare(Session& session, History history, const Documents& documents,
                 bool accept_functions);

// Refuses what the data, the limits or the rights of the role rule out; Error(Exit::data, …) with
// counts. Findings that do not stop a start are returned.
std::vector<plan::Remark> check_before(Session& session, const Prepared& prepared);

// --- the others
// ----------------------------------------------------------------------------------------------
CompleteReport complete(Session& session, const std::optional<std::string>& version,
                        const CompleteOptions& options);
// The steps of a completion that ends with a migration's own SQL, and what follows from that.
bool runs_on_complete(Session& session, const state::RunRow& run);
void execute_with_on_complete(Session& session, const state::RunRow& run, int kill_after_step);
RollbackReport rollback(Session& session, const std::optional<std::string>& version,
                        const RollbackOptions& options);
MigrateReport migrate(Session& session, const std::string& directory,
                      const MigrateOptions& options);
BaselineReport baseline(Session& session, const std::string& name);
StatusReport status(Session& session);
ControlReport control(Session& session, const ControlChange& change);
VerifyReport verify(Session& session, const std::optional<std::string>& version);
PlanReport plan_report(Session& session, const std::string& file);
ValidateReport validate(const Options& options, const std::vector<std::string>& files,
                        Progress& progress);

// Gives the version the base schema's tables as they are. What the snapshot keeps is enough to
// publish them.
catalog::Snapshot take_tables(Session& session, const History& history,
                              const std::vector<std::string>& dependents_of,
                              model::Version& version);
// Records the base schema as it is: inserts and publishes a version of that shape.
void publish_first_baseline(Session& session);
// A baseline that was interrupted is finished by whatever comes next.
void finish_baseline(Session& session);
// Before a base schema's first version: it is nobody's own, and no other state schema has its
// history.
void refuse_foreign_history(Session& session);
// Code of the Error for a schema that is there already and is not the version's own.
inline constexpr const char* schema_taken = "schema-taken";
// Of a version that is to be published: its schema, its hidden one, the support schema.
void refuse_taken_schemas(Session& session, const History& history, const model::Version& version);
// Before a completion or a rollback begins: the role may do all of its steps.
// `settles_names`: elements are renamed, which takes CREATE on the base schema.
void refuse_missing_rights(Session& session, const History& history,
                           const std::vector<plan::Step>& steps, bool settles_names);
// Of a version that goes.
void refuse_taken_hidden_schema(Session& session, const model::Version& version);
// Those whose schema was dropped by hand.
std::vector<const model::Version*> without_schema(Session& session,
                                                  std::span<const model::Version> versions);
// A sentence for each version that lacks views of its tables.
std::vector<std::string> dropped_views(Session& session, const History& history);
// Of versions that stay: views that were dropped by hand, and views below them; notes say so.
std::set<sql::Qualified> dropped_layers(Session& session, std::span<const model::Version> versions);
// Makes it again, empty: the steps that take it away go through. A note says so.
void restore_dropped_schema(Session& session, const model::Version& version);
[[noreturn]] void refuse_dropped_schema(const model::Version& version);
// What ends a run, with its last step: its version is live, or gone with this status.
std::vector<std::string> when_published(const Session& session, const state::RunRow& run);
std::vector<std::string> when_gone(const Session& session, const state::RunRow& run,
                                   state::Status status);
// What an older release called it, and may have left it under: it gets today's name. (tx)
std::string older_hidden_schema_name(const Session& session, const model::Version& version);
void find_hidden_schema(Session& session, const model::Version& version);
// Inserts the shape of an empty base schema.
void insert_empty(Session& session);

// Leaves out the next step of the unfinished `command`, if it is the migration's own SQL in `phase`
// and has failed; otherwise refuses. Returns what to tell the user.
std::string skip_failed_sql(Session& session, const std::optional<state::RunRow>& unfinished,
                            const std::string& command, const std::string& phase,
                            const std::string& flag);

// Rows whose values only the newest version can hold.
std::vector<LostRows> lost_rows(Session& session, const plan::Chain& chain);

// Views and functions of others that name views of these schemas: schema and "view v depends on w".
std::vector<std::pair<std::string, std::string>> dependents_of_views(
    Session& session, const std::vector<std::string>& schemas);

// (tx) The version's model becomes this.
void replace_model(Session& session, const model::Version& version);
// The models of what stays, as a run's detail (Store::adopt_models_sql).
// `recorded`: the models as they are stored; only what changes is in it.
std::string survivors_json(const plan::Chain& survivors, const plan::Chain& recorded);

// Retires all live versions but the newest.
CompleteReport complete_all(Session& session);
// "run `pgstrata start` again to finish it, or …"
std::string how_to_finish(const std::string& command, const std::string& version);
// There is an unfinished run, and another command was given.
[[noreturn]] void refuse_unfinished(const History& history);

std::string md5(Session& session, const std::string& text);
[[noreturn]] void refuse_state(const std::string& code, const std::string& message,
                               const std::string& hint = {});

}  // namespace pgstrata::engine
