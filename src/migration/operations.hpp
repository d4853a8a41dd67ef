// The items of a document's `operations` list.
#pragma once

#include "migration/value.hpp"

namespace pgstrata::migration {

// Reads an item: a mapping of one key, the operation's name.
LocatedOperation read_operation(const Value& item);

}  // namespace pgstrata::migration
