// Numbers, times and texts as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgstrata::report {

std::string count(std::int64_t number);  // "2,000,000"
std::string bytes(std::int64_t size);    // "312 MB"; powers of 1024; "unknown" below 0
std::string duration(double seconds);    // "0.4 s", "12 s", "3 min 20 s", "2 h 05 min", "3 d 4 h"
std::string percent(std::int64_t part, std::int64_t whole);  // "61%"; "0%" of nothing

// "1 row", "2 rows"
std::string plural(std::int64_t number, const std::string& noun);

// One line without control characters: line breaks and tabs become spaces, other control bytes '?'.
std::string one_line(std::string_view text);

// At most `width` characters (code points), the last one "…" where something was cut.
std::string cut(std::string_view text, std::size_t width);

// Every line of `text` with `prefix` before it; no trailing newline.
std::string indent(std::string_view text, std::string_view prefix);

// `text` with passwords in connection strings replaced by "***": "://user:secret@" and
// "password=secret" in both quoted and plain form.
std::string redact(std::string text);

}  // namespace pgstrata::report
