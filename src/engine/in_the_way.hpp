// What somebody made that would stop a command half-way: PostgreSQL does not drop what others
// depend on.
#pragma once

#include "engine/session.hpp"

namespace pgstrata::engine {

// What a command drops: a relation of some schema, or one of its columns.
struct Going {
  std::string schema, relation, column;  // no column: the whole relation
};

// Of the completion that retires chain.front().
std::vector<Going> going_with_oldest(const Session& session, const plan::Chain& chain);
// Of the rollback that removes chain.back(), as far as its start has made it; its views are in
// `schema`.
std::vector<Going> going_with_newest(const Session& session, const plan::Chain& chain,
                                     const plan::Made& made, const std::string& schema);

// Refuses, naming them, where objects that are no version's depend on what goes, or stand in
// `schema`, where the views of the version that goes are; empty: none are.
void refuse_dependents(Session& session, const plan::Chain& chain, const model::Version& goes,
                       const std::string& schema, const std::vector<Going>& going);

// The same of what is below the views of versions that stay, and goes: `survivors` have it no more.
// A view of a version that was renamed by hand is such an object.
void refuse_dependents_of_layers(Session& session, const plan::Chain& chain,
                                 const model::Version& goes, const plan::Chain& survivors);

}  // namespace pgstrata::engine
