// Names the engine makes up, and the nearest known one to a misspelt name.
#pragma once

#include <string>
#include <vector>

namespace pgstrata::model {

// "_balance_2": the physical column, index or table that version `ordinal` needs beside `name`.
// As PostgreSQL names what the user did not: <first>_<second>_<label>, the longer of the two cut
// until it fits (makeObjectName in its indexcmds.c). `second` may be empty.
std::string object_name(std::string first, std::string second, const std::string& label);

std::string twin_name(const std::string& name, int ordinal);
// `stem` + `suffix` within 63 bytes; the suffix is never cut.
std::string with_suffix(const std::string& stem, const std::string& suffix);
bool contains(const std::vector<std::string>& names, const std::string& name);
// ", did you mean \"x\"?" or nothing.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

}  // namespace pgstrata::model
