// What a step may not touch yet, and what no law could be held for: refused by name, before
// anything is changed.
#pragma once

#include "model/draft.hpp"

namespace pgstrata::model {

// Throws Error(Exit::migration) naming the object, what is in the way and what to do.
void refuse_unsupported(const Draft& draft);

// Functions whose text names a column or table that this step renames, changes or drops; for
// --accept-functions. Sentences.
std::vector<std::string> functions_naming_affected(const Draft& draft);

}  // namespace pgstrata::model
