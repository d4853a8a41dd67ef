// Typed, strict reading of the tree.
//
// A Value is a node with its path ("add_column.column.name") for messages; each as_… either returns
// what it says or throws with the node's place. Fields is a map of known keys: it refuses unknown
// ones when it is made, so that a misspelt key is reported as such and not as missing.
// Both are views: the tree must outlive them.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migration/node.hpp"
#include "migration/operation.hpp"

namespace pgstrata::migration {

class Fields;

// A word of the document and what it stands for.
template <typename T>
using Choice = std::pair<std::string_view, T>;

class Value {
 public:
  Value(const std::string& file, std::string path, const Node& node)
      : file_(&file), path_(std::move(path)), node_(&node) {}

  const Node& node() const { return *node_; }
  const std::string& path() const { return path_; }
  bool is_nothing() const { return node_->kind == Node::Kind::nothing; }
  bool is_map() const { return node_->kind == Node::Kind::map; }
  bool is_list() const { return node_->kind == Node::Kind::list; }
  bool is_empty_text() const { return node_->kind == Node::Kind::scalar && node_->text.empty(); }

  Text as_name() const;        // an identifier: 1 to 63 bytes
  Text as_expression() const;  // SQL of 1 byte to 16 KiB; numbers, true and false are SQL as well
  Text as_sql() const;         // SQL of at least 1 byte
  Text as_text() const;        // any text, also empty
  bool as_boolean() const;     // true or false, without quotes
  std::vector<Value> as_list() const;
  std::vector<Text> as_names() const;  // a list of names, at least one
  Fields as_fields(std::initializer_list<std::string_view> known) const;
  template <typename T, std::size_t N>
  T as_choice(const Choice<T> (&choices)[N]) const;

  Text key_text(const Entry& entry) const;  // the key of an entry of this map, with its place
  Text key_as_name(const Entry& entry) const;
  // The value under `entry` of this map.
  Value child(const Entry& entry) const { return {*file_, path_ + "." + entry.key, entry.value}; }
  // The same value under another path.
  Value named(std::string path) const { return {*file_, std::move(path), *node_}; }
  [[noreturn]] void refuse(std::string code, std::string message, std::string hint = {}) const;
  [[noreturn]] void refuse_key(const Entry& entry, std::string code, std::string message,
                               std::string hint = {}) const;

 private:
  const Node& scalar(std::string_view expected) const;
  Text text_of(const Node& node) const;
  void require_content(const Text& text) const;
  [[noreturn]] void refuse_type(std::string_view expected, std::string hint = {}) const;
  [[noreturn]] void refuse_choice(const std::vector<std::string_view>& words) const;

  const std::string* file_;
  std::string path_;
  const Node* node_;
};

class Fields {
 public:
  Fields(Value map, std::initializer_list<std::string_view> known);

  Value required(std::string_view key) const;
  std::optional<Value> find(std::string_view key) const;
  bool flag(std::string_view key) const;  // false if not given
  // Nothing if not given or "": older files write empty texts for what they do not use.
  std::optional<Text> expression(std::string_view key) const;
  std::optional<Value> non_empty(std::string_view key) const;
  std::vector<Text> names(std::string_view key) const;  // empty if not given
  // Reads with `read` if the key is there.
  template <typename Read>
  auto optional(std::string_view key, Read read) const
      -> std::optional<decltype(read(required(key)))>;
  template <typename T, std::size_t N>
  T choice(std::string_view key, const Choice<T> (&choices)[N], T otherwise) const;

  const Value& map() const { return map_; }
  // The key itself, for what is recognised and refused later.
  std::optional<Text> key_text(std::string_view key) const;
  // Throws at `key` if it is there.
  void forbid(std::string_view key, const std::string& why) const;

 private:
  const Entry* entry(std::string_view key) const;

  Value map_;
};

template <typename T, std::size_t N>
T Value::as_choice(const Choice<T> (&choices)[N]) const {
  const Node& word = scalar("a word");
  std::vector<std::string_view> words;
  for (const auto& [known, meaning] : choices) {
    if (word.text == known) return meaning;
    words.push_back(known);
  }
  refuse_choice(words);
}

template <typename Read>
auto Fields::optional(std::string_view key, Read read) const
    -> std::optional<decltype(read(required(key)))> {
  const std::optional<Value> value = find(key);
  if (!value) return std::nullopt;
  return read(*value);
}

template <typename T, std::size_t N>
T Fields::choice(std::string_view key, const Choice<T> (&choices)[N], T otherwise) const {
  const std::optional<Value> value = find(key);
  return value ? value->as_choice(choices) : otherwise;
}

}  // namespace pgstrata::migration
