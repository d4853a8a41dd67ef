// Parser events to a tree, with what both syntaxes must hold: keys are distinct text, nesting and
// size are bounded, aliases and merge keys are expanded.
//
// The bounds keep a document of a few lines from becoming gigabytes ("billion laughs"): 1,000,000
// values and 64 MiB of copied text are a hundred times what 10,000 operations need.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "migration/node.hpp"

namespace pgstrata::migration {

class TreeBuilder {
 public:
  explicit TreeBuilder(std::string file) : file_(std::move(file)) {}

  // An anchor of 0 is none.
  void scalar(Node node, std::size_t anchor = 0);
  void open(Node::Kind kind, Place place, std::size_t anchor = 0);
  void close();
  void alias(std::size_t anchor, Place place);

  bool empty() const { return !complete_; }
  Node take() { return std::move(root_); }

 private:
  struct Frame {
    Node node;
    std::size_t anchor = 0;
    bool has_key = false;                             // a key has been read, its value comes next
    std::unordered_map<std::string, int> lines = {};  // of the keys so far
    std::vector<Entry> merges = {};                   // values of `<<`
  };

  void add(Node node, std::size_t anchor);
  void add_key(Frame& map, Node node);
  void merge(Frame& map);
  void merge_from(Frame& map, Node source, Place place);
  void charge(const Node& node);  // counts a whole subtree
  void charge(std::size_t values, std::size_t bytes, Place place);

  std::string file_;
  Node root_;
  bool complete_ = false;
  std::vector<Frame> open_;
  std::map<std::size_t, Node> anchored_;
  std::size_t values_ = 0, copied_bytes_ = 0;
};

}  // namespace pgstrata::migration
