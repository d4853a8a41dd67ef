// Was a migration applied before? A name stands for one content, for ever.
#include "engine/commands.hpp"

namespace pgstrata::engine {

using state::Status;

namespace {

[[noreturn]] void refuse_other_content(const std::string& name) {
  refuse_state("edited", "migration \"" + name + "\" was applied with another content",
               "give a changed migration a new name");
}

// `migrate` folds several documents into one version, which has the last one's name.
Applied find_within_a_step(Session& session, const History& history,
                           const migration::Migration& document) {
  for (const state::VersionRow& row : history.all) {
    if (row.status == Status::rolled_back) continue;
    for (auto& applied : row.documents) {
      if (applied.name != document.name) continue;
      if (applied.hash != md5(session, document.content)) refuse_other_content(document.name);
      return {&row, "migration \"" + document.name + "\" was applied as a part of version \"" +
                        row.name + "\""};
    }
  }
  return {};
}

}  // namespace

bool has_content(Session& session, const state::VersionRow& row, const Documents& documents) {
  return !row.documents.empty() &&
         row.documents.back().hash == md5(session, documents.back().content);
}

Applied find_applied(Session& session, const History& history, const Documents& documents) {
  const std::string& name = documents.back().name;
  const state::VersionRow* known = history.newest_named(name);
  if (!known || known->status == Status::rolled_back)
    return find_within_a_step(session, history, documents.back());
  if (known->kind != "migration" && known->status == Status::live)
    refuse_state("name-taken", "version \"" + name + "\" is there, and no migration made it",
                 "give the migration another name");
  if (known->kind == "migration" && !has_content(session, *known, documents))
    refuse_other_content(name);
  if (known->status != Status::live)
    refuse_state("applied",
                 "migration \"" + name + "\" was applied before and its version is retired",
                 "give a new migration a new name");
  return {known, {}};
}

}  // namespace pgstrata::engine
