// Errors with the place in the document they are about.
#include "migration/failure.hpp"

#include "pgstrata/error.hpp"

namespace pgstrata::migration {

namespace {
constexpr std::size_t longest_shown = 60;  // bytes; enough to recognise the word
}

void refuse(const std::string& file, Place place, std::string code, std::string message,
            std::string hint) {
  throw Error(Exit::migration, std::move(code), std::move(message),
              Location{file, place.line, place.column}.str(), std::move(hint));
}

std::string shown(std::string_view word) {
  std::string result = "'";
  for (std::size_t i = 0; i < word.size(); ++i) {
    const auto byte = static_cast<unsigned char>(word[i]);
    const bool starts_character = (byte & 0xC0) != 0x80;
    if (i >= longest_shown && starts_character) return result + "…'";
    result += byte < 0x20 ? ' ' : word[i];
  }
  return result + "'";
}

}  // namespace pgstrata::migration
