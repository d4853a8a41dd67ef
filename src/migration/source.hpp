// The bytes of a document, checked, and the way from a byte to its line and column.
//
// Defines: Source. What passes the check is UTF-8 without a byte-order mark and without control
// characters, so neither parser can stumble over, cut or replace bytes without a word: yaml-cpp
// takes U+0004 for the end of the file and replaces invalid UTF-8 silently.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "migration/failure.hpp"

namespace pgstrata::migration {

inline constexpr std::size_t max_file_bytes = 16 * 1024 * 1024;

class Source {
 public:
  // Throws if the content cannot be a document. `content` must outlive the source.
  Source(std::string file, std::string_view content);

  const std::string& file() const { return file_; }
  std::string_view text() const { return text_; }
  // The place of the byte at `offset`. Offsets asked for in ascending order cost one pass in all.
  Place place(std::size_t offset) const;

 private:
  std::string file_;
  std::string_view text_;
  mutable std::size_t known_offset_ = 0;  // known_ is the place of this byte
  mutable Place known_;
};

}  // namespace pgstrata::migration
