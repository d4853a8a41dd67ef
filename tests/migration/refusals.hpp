// A table of wrong documents, each with the refusal it must get.
#pragma once

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "support.hpp"

namespace pgstrata::migration {

struct Case {
  std::string content;
  std::string expected;
};

inline void check(const std::vector<Case>& cases, const std::string& file = "m.yaml") {
  for (const auto& [content, expected] : cases) {
    BOOST_TEST_CONTEXT(content) {
      BOOST_TEST(refusal(content, file) == expected);
    }
  }
}

}  // namespace pgstrata::migration
