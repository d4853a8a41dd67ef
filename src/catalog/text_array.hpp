// PostgreSQL's text form of arrays, vectors and privileges, as catalog queries return them.
//
// Exploding them on the server would multiply rows; parsed here they cost one field of their
// object's row.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/snapshot.hpp"

namespace pgstrata::catalog {

// {a,"b c"}: one-dimensional, without NULLs. NULL is an empty vector.
std::vector<std::string> parse_array(const std::optional<std::string>& text);

// {1,2} or the space-separated form of int2vector.
std::vector<int> parse_numbers(const std::optional<std::string>& text);

// aclitem[], sorted.
std::vector<Privilege> parse_privileges(const std::optional<std::string>& text);

}  // namespace pgstrata::catalog
