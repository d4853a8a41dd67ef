#include "model/names.hpp"

#include <algorithm>

#include "model/suggestion.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::model {
std::string with_suffix(const std::string& stem, const std::string& suffix) {
  if (stem.size() + suffix.size() <= sql::max_identifier_bytes) return stem + suffix;
  // fit_identifier() ends in a hash of the whole stem, so two long stems stay apart after the cut.
  std::string fitted = sql::fit_identifier(stem + std::string(sql::max_identifier_bytes, '_'));
  constexpr std::size_t hash_bytes = 13;
  std::string hash = fitted.substr(fitted.size() - hash_bytes);
  std::size_t room = sql::max_identifier_bytes - suffix.size() - hash.size();
  while (room > 0 && (static_cast<unsigned char>(stem[room]) & 0xC0) == 0x80) --room;
  return stem.substr(0, room) + hash + suffix;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::string object_name(std::string first, std::string second, const std::string& label) {
  const std::size_t overhead = 1 + label.size() + (second.empty() ? 0 : 1);
  std::size_t a = first.size(), b = second.size();
  while (a + b + overhead > sql::max_identifier_bytes) (a > b ? a : b)--;
  auto clip = [](std::string& text, std::size_t size) {  // never inside a character
    while (size > 0 && size < text.size() &&
           (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
      --size;
    text.resize(size);
  };
  clip(first, a);
  clip(second, b);
  return first + (second.empty() ? "" : "_" + second) + "_" + label;
}

std::string twin_name(const std::string& name, int ordinal) {
  return with_suffix("_" + name, "_" + std::to_string(ordinal));
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const auto best = nearest(word, {known.begin(), known.end()});
  return best.empty() ? "" : ", did you mean \"" + std::string(best) + "\"?";
}

}  // namespace pgstrata::model
