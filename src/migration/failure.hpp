// The one way this layer says no: an Error with the place in the document.
//
// Defines: Place, refuse(), shown().
#pragma once

#include <string>
#include <string_view>

#include "migration/operation.hpp"

namespace pgstrata::migration {

// 1-based line and column; columns count characters, as editors do.
struct Place {
  int line = 1;
  int column = 1;
};

// Throws Error(Exit::migration, …) at `place` of `file`.
[[noreturn]] void refuse(const std::string& file, Place place, std::string code,
                         std::string message, std::string hint = {});

// A word of the document in quotes, for a message: shortened, and on one line.
std::string shown(std::string_view word);

}  // namespace pgstrata::migration
