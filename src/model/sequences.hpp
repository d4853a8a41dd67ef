// Sequences that go with the column that owns them while something else still counts by them.
//
// PostgreSQL refuses to drop a sequence that a default or a function names.
#pragma once

#include "model/version.hpp"

namespace pgstrata::model {

// A default that the step takes away stands in the base table until its own unit of the completion,
// and the owner's may come first: such a step is refused too. Throws Error(Exit::migration).
void refuse_used_sequences(const Version& previous, const Version& next);

}  // namespace pgstrata::model
