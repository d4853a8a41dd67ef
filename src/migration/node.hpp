// The tree both syntaxes become: scalars as text, with the place of every key and value.
//
// A YAML and a JSON document that say the same make the same tree, so one reader serves both. Only
// TreeBuilder makes nodes; afterwards they are read through Value.
#pragma once

#include <string>
#include <vector>

#include "migration/failure.hpp"

namespace pgstrata::migration {

struct Entry;

struct Node {
  enum class Kind { nothing, scalar, list, map };

  Kind kind = Kind::nothing;
  std::string text;            // of a scalar
  Place place;                 // of the first character of the text, or of the collection
  bool plain = false;          // a scalar without quotes: true, 5, id
  bool verbatim = false;       // Text::verbatim
  bool cut = false;            // followed by a YAML comment that begins like the operator #> or #-
  std::vector<Node> items;     // of a list
  std::vector<Entry> entries;  // of a map, in the order of the file; keys are distinct
};

struct Entry {
  std::string key;
  Place place;  // of the key
  Node value;
};

}  // namespace pgstrata::migration
