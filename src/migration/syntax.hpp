// The two syntaxes of a document.
//
// Both throw at the first error and both return the root, which is never nothing.
#pragma once

#include "migration/node.hpp"
#include "migration/source.hpp"

namespace pgstrata::migration {

Node parse_yaml(const Source& source);
Node parse_json(const Source& source);

[[noreturn]] void refuse_empty_document(const Source& source);

}  // namespace pgstrata::migration
