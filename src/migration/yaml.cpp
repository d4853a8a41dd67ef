// YAML through yaml-cpp's events. Its Node interface keeps duplicate keys and drops every document
// but the first without a word; its events give all of it, with marks.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "migration/syntax.hpp"
#include "migration/tree_builder.hpp"

namespace pgstrata::migration {

namespace {

constexpr std::string_view text_tag = "tag:yaml.org,2002:str";

class YamlEvents : public YAML::EventHandler {
 public:
  explicit YamlEvents(const Source& source) : source_(source), tree_(source.file()) {}

  bool empty() const { return tree_.empty(); }
  Node take() { return tree_.take(); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      refuse(source_.file(), place(mark), "several-documents",
             "the file holds more than one YAML document",
             "one file is one migration: check the indentation, and remove '---' between parts");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    tree_.scalar({.place = place(mark)}, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    tree_.alias(anchor, place(mark));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (tag != "?" && tag != "!" && tag != text_tag) refuse_tag(mark, tag);
    tree_.scalar(scalar(mark, tag == "?", value), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    if (tag != "?" && !tag.empty()) refuse_tag(mark, tag);
    tree_.open(Node::Kind::list, place(mark), anchor);
  }
  void OnSequenceEnd() override { tree_.close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    if (tag != "?" && !tag.empty()) refuse_tag(mark, tag);
    tree_.open(Node::Kind::map, place(mark), anchor);
  }
  void OnMapEnd() override { tree_.close(); }

 private:
  static std::size_t offset(const YAML::Mark& mark) {
    return static_cast<std::size_t>(std::max(mark.pos, 0));
  }
  Place place(const YAML::Mark& mark) const { return source_.place(offset(mark)); }

  [[noreturn]] void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    refuse(source_.file(), place(mark), "yaml-tag",
           fmt::format("the YAML tag {} has no meaning here", shown(tag)),
           "put text that begins with '!' in quotes");
  }

  Node scalar(const YAML::Mark& mark, bool plain, const std::string& value) const;
  std::size_t block_start(std::size_t indicator) const;

  const Source& source_;
  TreeBuilder tree_;
  int documents_ = 0;
};

// The mark of a scalar is that of its first character, opening quote or block indicator. Anchors
// and tags come before it in the file, and then the mark may be theirs.
Node YamlEvents::scalar(const YAML::Mark& mark, bool plain, const std::string& value) const {
  const std::string_view text = source_.text();
  std::size_t start = std::min(offset(mark), text.size());
  while (start < text.size() && (text[start] == '&' || (text[start] == '!' && !plain))) {
    start = std::min(text.find_first_of(" \t\r\n", start), text.size());
    start = std::min(text.find_first_not_of(" \t\r\n", start), text.size());
  }
  bool literal_block = false;
  if (!plain && start < text.size()) {
    literal_block = text[start] == '|';
    if (literal_block || text[start] == '>') {
      start = block_start(start);
    } else if (text[start] == '"' || text[start] == '\'') {
      ++start;
    }
  }
  const std::string_view first_line = std::string_view(value).substr(0, value.find('\n'));
  const bool verbatim = (literal_block || first_line.size() == value.size()) &&
                        !first_line.empty() && text.substr(start).starts_with(first_line);
  bool cut = false;
  if (plain && verbatim) {
    const std::size_t next = text.find_first_not_of(" \t", start + value.size());
    const std::string_view rest = next == std::string_view::npos ? "" : text.substr(next);
    cut = rest.starts_with("#>") || rest.starts_with("#- ");
  }
  return {.kind = Node::Kind::scalar,
          .text = value,
          .place = source_.place(start),
          .plain = plain,
          .verbatim = verbatim,
          .cut = cut};
}

// First character of a block scalar's text: the line after the indicator, at the indentation of the
// first line that is not blank.
std::size_t YamlEvents::block_start(std::size_t indicator) const {
  const std::string_view text = source_.text();
  const std::size_t line = text.find('\n', indicator);
  if (line == std::string_view::npos) return indicator;
  std::size_t first = text.find_first_not_of(" \r\n", line);
  if (first == std::string_view::npos) return indicator;
  const std::size_t indentation = first - (text.rfind('\n', first) + 1);
  first = text.find_first_not_of(' ', line + 1);
  return text[first] == '\n' || text[first] == '\r' ? line + 1 : line + 1 + indentation;
}

// The tab in the indentation of the line that holds `at` or of the one before it, if there is one.
std::size_t indenting_tab(std::string_view text, std::size_t at) {
  for (int line = 0; line < 2; ++line) {
    const std::size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    const std::size_t tab = text.find_first_not_of(' ', start);
    if (tab != std::string_view::npos && text[tab] == '\t') return tab;
    if (start == 0) break;
    at = start - 1;
  }
  return std::string_view::npos;
}

[[noreturn]] void refuse_syntax(const Source& source, const YAML::ParserException& error) {
  const std::string_view text = source.text();
  const std::size_t at =
      std::min(static_cast<std::size_t>(std::max(error.mark.pos, 0)), text.size());
  const std::size_t tab = indenting_tab(text, at);
  if (tab != std::string_view::npos) {
    refuse(source.file(), source.place(tab), "tab-indentation",
           "a tab is used as indentation, which YAML does not allow", "indent with spaces");
  }
  if (error.msg.find("in scalar") != std::string::npos) {
    refuse(source.file(), source.place(at), "yaml-syntax", "the file ends inside a quoted text",
           "close the quote");
  }
  refuse(source.file(), source.place(at), "yaml-syntax",
         fmt::format("this is not valid YAML: {}", error.msg),
         "check indentation and quotes; write SQL in a '|' block or in double quotes");
}

}  // namespace

Node parse_yaml(const Source& source) {
  // Without the end mark, yaml-cpp 0.7 closes an open quote at the end of the file by itself.
  std::istringstream input(std::string(source.text()) + "\n...\n");
  YamlEvents events(source);
  try {
    YAML::Parser parser(input);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const YAML::ParserException& error) {
    refuse_syntax(source, error);
  }
  if (events.empty()) refuse_empty_document(source);
  Node root = events.take();
  if (root.kind == Node::Kind::nothing) refuse_empty_document(source);
  return root;
}

}  // namespace pgstrata::migration
