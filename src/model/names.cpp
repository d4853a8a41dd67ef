#include "model/names.hpp"

#include <algorithm>
#include <numeric>

#include "sql/identifier.hpp"

namespace pgstrata::model {
namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

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
  const std::string* nearest = nullptr;
  std::size_t best = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    std::size_t distance = edit_distance(word, candidate);
    if (distance < best && distance < word.size()) {
      best = distance;
      nearest = &candidate;
    }
  }
  return nearest ? ", did you mean \"" + *nearest + "\"?" : "";
}

}  // namespace pgstrata::model
