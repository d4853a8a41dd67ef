// Checks bytes before any parser sees them.
#include "migration/source.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstrata::migration {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Length of the well-formed UTF-8 sequence at `at` (Unicode 15, table 3-7), or 0.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return byte(i) >= low && byte(i) <= high;
  };
  if (byte(0) < 0x80) return 1;
  if (within(0, 0xC2, 0xDF)) return within(1, 0x80, 0xBF) ? 2 : 0;
  if (within(0, 0xE0, 0xEF)) {
    const unsigned low = byte(0) == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = byte(0) == 0xED ? 0x9F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (within(0, 0xF0, 0xF4)) {
    const unsigned low = byte(0) == 0xF0 ? 0x90 : 0x80;
    const unsigned high = byte(0) == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

}  // namespace

Source::Source(std::string file, std::string_view content)
    : file_(std::move(file)), text_(content) {
  if (content.size() > max_file_bytes) {
    refuse(file_, {}, "file-too-large",
           fmt::format("the file has more than {} bytes (16 MiB)", max_file_bytes),
           "split it into several migrations");
  }
  if (text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
  for (std::size_t i = 0; i < text_.size();) {
    if (is_control(text_[i])) {
      refuse(file_, place(i), "control-character",
             fmt::format("the file holds the control character U+{:04X}",
                         static_cast<unsigned>(text_[i])),
             "save the file as UTF-8 text");
    }
    const std::size_t length = sequence_length(text_, i);
    if (length == 0) {
      refuse(file_, place(i), "invalid-utf8",
             fmt::format("the byte 0x{:02X} is not UTF-8", static_cast<unsigned char>(text_[i])),
             "save the file as UTF-8");
    }
    i += length;
  }
}

Place Source::place(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  if (offset < known_offset_) {
    known_offset_ = 0;
    known_ = {};
  }
  for (; known_offset_ < offset; ++known_offset_) {
    const char c = text_[known_offset_];
    if (c == '\n') {
      known_ = {known_.line + 1, 1};
    } else if (!continues_character(c)) {
      ++known_.column;
    }
  }
  return known_;
}

}  // namespace pgstrata::migration
