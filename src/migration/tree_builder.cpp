// Parser events to a tree.
#include "migration/tree_builder.hpp"

#include <fmt/format.h>

namespace pgstrata::migration {

namespace {
constexpr std::size_t max_depth = 64;  // the format needs 9
constexpr std::size_t max_values = 1'000'000;
constexpr std::size_t max_copied_bytes = 64 * 1024 * 1024;
}  // namespace

void TreeBuilder::scalar(Node node, std::size_t anchor) {
  if (node.text.find('\0') != std::string::npos) {
    refuse(file_, node.place, "control-character",
           "the text holds a NUL character, which PostgreSQL cannot store", "remove the escape");
  }
  charge(1, 0, node.place);
  add(std::move(node), anchor);
}

void TreeBuilder::open(Node::Kind kind, Place place, std::size_t anchor) {
  if (open_.size() == max_depth) {
    refuse(file_, place, "too-deep",
           fmt::format("the document is nested more than {} levels deep", max_depth));
  }
  if (!open_.empty() && open_.back().node.kind == Node::Kind::map && !open_.back().has_key) {
    refuse(file_, place, "wrong-type", "a key must be text");
  }
  charge(1, 0, place);
  open_.push_back({.node = {.kind = kind, .place = place}, .anchor = anchor});
}

void TreeBuilder::close() {
  if (!open_.back().merges.empty()) merge(open_.back());
  Node node = std::move(open_.back().node);
  const std::size_t anchor = open_.back().anchor;
  open_.pop_back();
  add(std::move(node), anchor);
}

void TreeBuilder::alias(std::size_t anchor, Place place) {
  const auto target = anchored_.find(anchor);
  if (target == anchored_.end()) {
    refuse(file_, place, "alias-cycle", "the alias stands inside the value it repeats");
  }
  charge(target->second);
  add(target->second, 0);
}

void TreeBuilder::add(Node node, std::size_t anchor) {
  if (anchor != 0) {
    charge(node);
    anchored_[anchor] = node;
  }
  if (open_.empty()) {
    root_ = std::move(node);
    complete_ = true;
    return;
  }
  Frame& parent = open_.back();
  if (parent.node.kind == Node::Kind::list) {
    // An empty item has no character of its own to point at.
    if (node.kind == Node::Kind::nothing) node.place = parent.node.place;
    parent.node.items.push_back(std::move(node));
  } else if (!parent.has_key) {
    add_key(parent, std::move(node));
  } else {
    std::vector<Entry>& entries = parent.node.entries;
    if (node.kind == Node::Kind::nothing) node.place = entries.back().place;
    entries.back().value = std::move(node);
    parent.has_key = false;
    if (entries.back().key == "<<" && !parent.lines.contains("<<")) {
      parent.merges.push_back(std::move(entries.back()));
      entries.pop_back();
    }
  }
}

void TreeBuilder::add_key(Frame& map, Node node) {
  if (node.kind != Node::Kind::scalar) {
    refuse(file_, node.place, "wrong-type", "a key must be text");
  }
  map.has_key = true;
  // Only a plain `<<` merges, and only those are kept out of `lines`.
  if (!(node.plain && node.text == "<<")) {
    const auto [first, inserted] = map.lines.emplace(node.text, node.place.line);
    if (!inserted) {
      refuse(file_, node.place, "duplicate-key",
             fmt::format("the key {} stands here twice, first in line {}", shown(node.text),
                         first->second),
             "keep one of the two");
    }
  }
  map.node.entries.push_back({std::move(node.text), node.place, {}});
}

// Earlier sources win over later ones, and the map's own keys over both, as YAML's merge type says.
void TreeBuilder::merge(Frame& map) {
  for (Entry& entry : std::exchange(map.merges, {})) {
    if (entry.value.kind != Node::Kind::list) {
      merge_from(map, std::move(entry.value), entry.place);
      continue;
    }
    for (Node& item : entry.value.items) merge_from(map, std::move(item), entry.place);
  }
}

void TreeBuilder::merge_from(Frame& map, Node source, Place place) {
  if (source.kind != Node::Kind::map) {
    refuse(file_, place, "wrong-type", "'<<' merges a mapping or a list of mappings, nothing else");
  }
  for (Entry& entry : source.entries) {
    if (map.lines.emplace(entry.key, entry.place.line).second) {
      map.node.entries.push_back(std::move(entry));
    }
  }
}

void TreeBuilder::charge(const Node& node) {
  charge(1, node.text.size(), node.place);
  for (const Node& item : node.items) charge(item);
  for (const Entry& entry : node.entries) {
    charge(0, entry.key.size(), entry.place);
    charge(entry.value);
  }
}

void TreeBuilder::charge(std::size_t values, std::size_t bytes, Place place) {
  values_ += values;
  copied_bytes_ += bytes;
  if (values_ > max_values || copied_bytes_ > max_copied_bytes) {
    refuse(file_, place, "too-many-values",
           "the document holds more than 1,000,000 values or 64 MiB of repeated text, "
           "its aliases expanded",
           "use fewer aliases, or split it into several migrations");
  }
}

}  // namespace pgstrata::migration
