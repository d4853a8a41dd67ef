// Bytes to SQL expressions over a fixed shape, most of them well-typed: what a fuzzer mutates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sql/binder.hpp"

namespace pgstrata::test {

// Column names that are parts of other identifiers, literals, functions and keywords (traps 23,
// 24).
sql::Shape fuzzed_shape();

std::string random_expression(const std::uint8_t* data, std::size_t size);

}  // namespace pgstrata::test
