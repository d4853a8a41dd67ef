// Names the engine makes up, and the nearest known one to a misspelt name.
#pragma once

#include <string>
#include <vector>

namespace pgstrata::model {

// "_balance_2": the physical column, index or table that version `ordinal` needs beside `name`.
std::string twin_name(const std::string& name, int ordinal);
// `stem` + `suffix` within 63 bytes; the suffix is never cut.
std::string with_suffix(const std::string& stem, const std::string& suffix);
// ", did you mean \"x\"?" or nothing.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

}  // namespace pgstrata::model
