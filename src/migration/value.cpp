// Typed, strict reading of the tree.
#include "migration/value.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "model/suggestion.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::migration {

namespace {

constexpr std::size_t max_expression_bytes = 16 * 1024;

bool is_boolean(const Node& node) {
  return node.kind == Node::Kind::scalar && node.plain &&
         (node.text == "true" || node.text == "false");
}

std::string found(const Node& node) {
  switch (node.kind) {
    case Node::Kind::nothing:
      return "nothing";
    case Node::Kind::scalar:
      return (node.plain ? "" : "the text ") + shown(node.text);
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a mapping";
  }
  return {};
}

std::string known_words(const std::vector<std::string_view>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

void Value::refuse(std::string code, std::string message, std::string hint) const {
  migration::refuse(*file_, node_->place, std::move(code), std::move(message), std::move(hint));
}

void Value::refuse_key(const Entry& entry, std::string code, std::string message,
                       std::string hint) const {
  migration::refuse(*file_, entry.place, std::move(code), std::move(message), std::move(hint));
}

void Value::refuse_type(std::string_view expected, std::string hint) const {
  refuse("wrong-type", fmt::format("{} must be {}, found {}", path_, expected, found(*node_)),
         std::move(hint));
}

void Value::refuse_choice(const std::vector<std::string_view>& words) const {
  std::vector<std::string_view> writable;
  std::copy_if(words.begin(), words.end(), std::back_inserter(writable),
               [](std::string_view word) { return !word.empty(); });
  refuse("unknown-value",
         fmt::format("unknown value {} for {}{}", shown(node_->text), path_,
                     model::did_you_mean(node_->text, writable)),
         "known values: " + known_words(writable));
}

const Node& Value::scalar(std::string_view expected) const {
  if (is_nothing()) {
    refuse_type(expected,
                "write the value, or leave the key out; the word null itself needs quotes");
  }
  if (node_->kind != Node::Kind::scalar) refuse_type(expected);
  return *node_;
}

Text Value::text_of(const Node& node) const {
  return {.value = node.text,
          .at = {*file_, node.place.line, node.place.column},
          .verbatim = node.verbatim};
}

Text Value::key_text(const Entry& entry) const {
  return {.value = entry.key, .at = {*file_, entry.place.line, entry.place.column}};
}

Text Value::key_as_name(const Entry& entry) const {
  const Node key{.kind = Node::Kind::scalar, .text = entry.key, .place = entry.place};
  return Value(*file_, path_, key).as_name();
}

void Value::require_content(const Text& text) const {
  if (text.value.find_first_not_of(" \t\r\n") == std::string::npos) {
    refuse("empty-text", fmt::format("{} is empty", path_));
  }
}

Text Value::as_name() const {
  Text name = text_of(scalar("a name"));
  if (is_boolean(*node_)) refuse_type("a name", "put the name in quotes");
  if (name.value.empty()) refuse("empty-name", fmt::format("{} is empty", path_));
  if (name.value.size() > sql::max_identifier_bytes) {
    refuse("name-too-long",
           fmt::format("{} has {} bytes, a PostgreSQL name has at most {}", path_,
                       name.value.size(), sql::max_identifier_bytes),
           "shorten the name; PostgreSQL would cut it without a word");
  }
  return name;
}

Text Value::as_sql() const {
  Text text = text_of(scalar("SQL"));
  require_content(text);
  if (node_->cut) {
    refuse("cut-by-comment", fmt::format("{} ends before '#', where YAML begins a comment", path_),
           "put the SQL in a '|' block or in quotes");
  }
  return text;
}

Text Value::as_expression() const {
  Text text = as_sql();
  if (text.value.size() > max_expression_bytes) {
    refuse("expression-too-long",
           fmt::format("{} has {} bytes, an expression may have {} (16 KiB)", path_,
                       text.value.size(), max_expression_bytes),
           "put the computation into a function and call it");
  }
  return text;
}

Text Value::as_text() const {
  return text_of(scalar("text"));
}

bool Value::as_boolean() const {
  const Node& node = scalar("true or false");
  if (is_boolean(node)) return node.text == "true";
  static const std::vector<std::string_view> synonyms = {"yes", "no", "on", "off", "y", "n"};
  std::string lower = node.text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool synonym = std::find(synonyms.begin(), synonyms.end(), lower) != synonyms.end();
  refuse_type("true or false", synonym ? "yes, no, on and off are not booleans here"
                                       : "write true or false, in lower case and without quotes");
}

std::vector<Value> Value::as_list() const {
  if (!is_list()) refuse_type("a list");
  std::vector<Value> items;
  items.reserve(node_->items.size());
  for (const Node& item : node_->items) items.emplace_back(*file_, path_, item);
  return items;
}

std::vector<Text> Value::as_names() const {
  if (!is_list()) refuse_type("a list of names");
  if (node_->items.empty()) refuse("empty-list", fmt::format("{} lists no name", path_));
  std::vector<Text> names;
  for (const Value& item : as_list()) names.push_back(item.as_name());
  return names;
}

Fields Value::as_fields(std::initializer_list<std::string_view> known) const {
  return Fields(*this, known);
}

Fields::Fields(Value map, std::initializer_list<std::string_view> known) : map_(std::move(map)) {
  const std::vector<std::string_view> words(known);
  if (!map_.is_map()) {
    map_.refuse("wrong-type",
                fmt::format("{} must be a mapping, found {}", map_.path(), found(map_.node())),
                "keys: " + known_words(words));
  }
  for (const Entry& entry : map_.node().entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    map_.refuse_key(entry, "unknown-key",
                    fmt::format("unknown key {} in {}{}", shown(entry.key), map_.path(),
                                model::did_you_mean(entry.key, words)),
                    "known keys: " + known_words(words));
  }
}

const Entry* Fields::entry(std::string_view key) const {
  const std::vector<Entry>& entries = map_.node().entries;
  const auto it = std::find_if(entries.begin(), entries.end(),
                               [&](const Entry& entry) { return entry.key == key; });
  return it == entries.end() ? nullptr : &*it;
}

std::optional<Value> Fields::find(std::string_view key) const {
  const Entry* found_entry = entry(key);
  if (found_entry == nullptr) return std::nullopt;
  return map_.child(*found_entry);
}

Value Fields::required(std::string_view key) const {
  std::optional<Value> value = find(key);
  if (!value) {
    map_.refuse("missing-key", fmt::format("{} lacks the key '{}'", map_.path(), key));
  }
  return *value;
}

bool Fields::flag(std::string_view key) const {
  const std::optional<Value> value = find(key);
  return value && value->as_boolean();
}

std::optional<Value> Fields::non_empty(std::string_view key) const {
  std::optional<Value> value = find(key);
  if (value && value->is_empty_text()) return std::nullopt;
  return value;
}

std::vector<Text> Fields::names(std::string_view key) const {
  const std::optional<Value> value = find(key);
  if (!value || (value->is_list() && value->node().items.empty())) return {};
  return value->as_names();
}

std::optional<Text> Fields::expression(std::string_view key) const {
  const std::optional<Value> value = non_empty(key);
  if (!value) return std::nullopt;
  return value->as_expression();
}

std::optional<Text> Fields::key_text(std::string_view key) const {
  const Entry* found_entry = entry(key);
  if (found_entry == nullptr) return std::nullopt;
  return map_.key_text(*found_entry);
}

void Fields::forbid(std::string_view key, const std::string& why) const {
  const Entry* found_entry = entry(key);
  if (found_entry == nullptr) return;
  map_.refuse_key(*found_entry, "conflicting-keys",
                  fmt::format("'{}' of {} {}", key, map_.path(), why));
}

}  // namespace pgstrata::migration
