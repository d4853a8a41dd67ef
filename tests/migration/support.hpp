// Short ways to parse a text and to state a refusal whole.
#pragma once

#include <ostream>
#include <string>

#include "migration/document.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::migration {

inline std::ostream& operator<<(std::ostream& out, const Text& text) {
  return out << '"' << text.value << '"';
}

// The operations of a document named m.yaml.
inline std::vector<LocatedOperation> yaml(const std::string& content) {
  return parse("m.yaml", content).operations;
}

// The only operation of a document, as the type the test expects.
template <typename T>
T only(const std::string& content) {
  return std::get<T>(yaml(content).at(0).operation);
}

// "file:line:column: message [code]", or "accepted".
inline std::string refusal(const std::string& content, const std::string& file = "m.yaml") {
  try {
    parse(file, content);
    return "accepted";
  } catch (const Error& error) {
    if (error.exit() != Exit::migration) return "wrong exit code";
    return std::string(error.what()) + " [" + error.code() + "]";
  }
}

inline std::string hint(const std::string& content, const std::string& file = "m.yaml") {
  try {
    parse(file, content);
    return "accepted";
  } catch (const Error& error) {
    return error.hint();
  }
}

}  // namespace pgstrata::migration
