// Documents (YAML or JSON) to typed operations.
//
// Reading is strict: an unknown key, a wrong type, a duplicate key, a missing key is an
// Error(Exit::migration) with file:line:column and, for a misspelt word, the nearest right one. The
// first error ends the reading. Pure: nothing here connects to anything.
#pragma once

#include <string>
#include <vector>

#include "migration/operation.hpp"

namespace pgstrata::migration {

// Reads and parses one file. JSON by its ending .json, YAML by .yaml or .yml; anything else is
// refused.
Migration read_file(const std::string& path);
// Parses text as if it were the content of `path`.
Migration parse(const std::string& path, std::string content);
// The migrations of a directory in file-name order; other files are passed over.
std::vector<std::string> list_directory(const std::string& directory);

}  // namespace pgstrata::migration
