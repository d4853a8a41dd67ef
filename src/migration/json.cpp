// JSON through nlohmann's events, which carry no places: each event's token is found again by
// walking the text alongside. The text up to an event is valid JSON, so a simple walk suffices.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "migration/syntax.hpp"
#include "migration/tree_builder.hpp"

namespace pgstrata::migration {

namespace {

// The middle of "[json.exception.parse_error.101] parse error at line 2, column 1: syntax error
// while parsing value - invalid literal; last read: 'tru '; expected ','", whose other parts are
// shown better, may be long, or depend on the input.
std::string reason(std::string_view what) {
  if (const auto place = what.find(": "); place != std::string_view::npos) {
    what.remove_prefix(place + 2);
  }
  const auto read = what.find("; last read: ");
  if (read == std::string_view::npos) return std::string(what);
  const auto expected = what.rfind("; expected ");
  std::string result(what.substr(0, read));
  if (expected != std::string_view::npos && expected > read) result += what.substr(expected);
  return result;
}

class JsonEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit JsonEvents(const Source& source) : source_(source), tree_(source.file()) {}

  Node take() { return tree_.take(); }

  bool null() override {
    tree_.scalar({.place = source_.place(next_bare().first)});
    return true;
  }
  bool boolean(bool) override { return bare(); }
  bool number_integer(number_integer_t) override { return bare(); }
  bool number_unsigned(number_unsigned_t) override { return bare(); }
  bool number_float(number_float_t, const string_t&) override { return bare(); }
  bool string(string_t& value) override { return quoted(value); }
  bool key(string_t& value) override { return quoted(value); }
  bool binary(binary_t&) override { return false; }  // not part of JSON text
  bool start_object(std::size_t) override { return open(Node::Kind::map); }
  bool start_array(std::size_t) override { return open(Node::Kind::list); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    if (source_.text().find_first_not_of(" \t\r\n") == std::string_view::npos) {
      refuse_empty_document(source_);
    }
    refuse(source_.file(), source_.place(position == 0 ? 0 : position - 1), "json-syntax",
           fmt::format("this is not valid JSON: {}", reason(error.what())));
  }

 private:
  // Offset of the next token; what lies between is white space, commas and colons.
  std::size_t next() {
    cursor_ =
        std::min(source_.text().find_first_not_of(" \t\r\n,:", cursor_), source_.text().size());
    return cursor_;
  }
  std::pair<std::size_t, std::string_view> next_bare() {
    const std::size_t start = next();
    cursor_ = std::min(source_.text().find_first_of(" \t\r\n,:]}", start), source_.text().size());
    return {start, source_.text().substr(start, cursor_ - start)};
  }

  bool bare() {
    const auto [start, text] = next_bare();
    tree_.scalar({.kind = Node::Kind::scalar,
                  .text = std::string(text),
                  .place = source_.place(start),
                  .plain = true,
                  .verbatim = true});
    return true;
  }
  bool quoted(const std::string& value) {
    const std::string_view text = source_.text();
    const std::size_t start = next() + 1;
    for (cursor_ = start; text[cursor_] != '"'; ++cursor_) {
      if (text[cursor_] == '\\') ++cursor_;
    }
    const bool verbatim = text.substr(start, cursor_ - start) == value;
    ++cursor_;
    tree_.scalar({.kind = Node::Kind::scalar,
                  .text = value,
                  .place = source_.place(start),
                  .verbatim = verbatim});
    return true;
  }
  bool open(Node::Kind kind) {
    tree_.open(kind, source_.place(next()));
    ++cursor_;
    return true;
  }
  bool close() {
    next();
    ++cursor_;
    tree_.close();
    return true;
  }

  const Source& source_;
  TreeBuilder tree_;
  std::size_t cursor_ = 0;
};

}  // namespace

Node parse_json(const Source& source) {
  JsonEvents events(source);
  nlohmann::json::sax_parse(source.text().begin(), source.text().end(), &events);
  Node root = events.take();
  if (root.kind == Node::Kind::nothing) refuse_empty_document(source);
  return root;
}

}  // namespace pgstrata::migration
