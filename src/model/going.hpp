// What goes when a live version retires, while the next version still names it: a table, or a
// sequence with the column that owns it.
//
// PostgreSQL refuses to drop what a default or a function names; a completion would stop there.
#pragma once

#include <string>
#include <vector>

#include "model/version.hpp"

namespace pgstrata::model {

// `live`: oldest first. Throws Error(Exit::migration). Defaults that the step itself takes away
// count too: they stand in the base table until their own unit of the completion, and the owner's
// may come first.
void refuse_going_in_use(const std::vector<const Version*>& live, const Version& next,
                         const std::string& base_schema);

}  // namespace pgstrata::model
