// "Did you mean": the nearest known word to a misspelt one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgstrata::model {

// The known word within a Damerau-Levenshtein distance (optimal string alignment, upper and lower
// case alike) of max(2, a third of the word's length) and with at least one letter in common; the
// nearest, the earlier one of equals. Empty if there is none.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

// ", did you mean 'x'?" or nothing, for the end of a sentence.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace pgstrata::model
