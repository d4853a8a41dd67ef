#include "sql/trigger_definition.hpp"

#include <string_view>

#include "pgstrata/error.hpp"
#include "sql/scanner.hpp"

namespace pgstrata::sql {
namespace {

struct Replacement {
  std::size_t begin, end;
  std::string text;
};

class Definition {
 public:
  explicit Definition(const std::string& text) : text_(text), tokens_(scan(text).tokens) {
    const std::size_t name = is(1, "CONSTRAINT") ? 3 : 2;
    on_ = find("ON", name + 1);
    of_ = find("OF", name + 1);
    when_ = find("WHEN", on_);
    execute_ = find("EXECUTE", on_);
    if (!is(0, "CREATE") || on_ + 3 >= tokens_.size() || execute_ >= tokens_.size())
      throw Error(Exit::failure, "trigger-definition",
                  "PostgreSQL printed a trigger that cannot be read: " + text);
  }

  void replace_columns(const std::vector<std::string>& columns) {
    if (columns.empty() || of_ > on_) return;
    std::vector<Sql> names;
    for (const std::string& column : columns) names.push_back(format("{}", Name(column)));
    replace(of_ + 1, on_ - 1, join(names, ", ").str());
  }

  void replace_table(const Qualified& table) {
    if (!table.name.empty()) replace(on_ + 1, on_ + 3, format("{}", table).str());
  }

  // A name after a dot is a field, one before a parenthesis a function of a schema called "new".
  void rename_in_when(const std::map<std::string, std::string>& names) {
    for (std::size_t i = when_ + 1; i + 2 < execute_; ++i) {
      if (!is(i, "old") && !is(i, "new")) continue;
      const auto& before = tokens_[i - 1];
      if (before.kind == Token::Kind::dot || text(i - 1) == "::") continue;
      if (tokens_[i + 1].kind != Token::Kind::dot || tokens_[i + 3].kind == Token::Kind::open)
        continue;
      for (const auto& [from, to] : names)
        if (text(i + 2) == quote_identifier(from)) replace(i + 2, i + 2, quote_identifier(to));
    }
  }

  std::string when() const {
    if (when_ >= execute_) return {};
    const std::size_t begin = tokens_[when_ + 1].end, end = tokens_[execute_ - 1].begin;
    return text_.substr(begin, end - begin);
  }

  std::string result() const {
    std::string out;
    std::size_t copied = 0;
    for (const auto& [begin, replacement] : replacements_) {
      out.append(text_, copied, begin - copied).append(replacement.text);
      copied = replacement.end;
    }
    return out.append(text_, copied);
  }

 private:
  std::string_view text(std::size_t i) const {
    return std::string_view(text_).substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin);
  }
  bool is(std::size_t i, std::string_view word) const {
    return i < tokens_.size() && tokens_[i].kind == Token::Kind::word && text(i) == word;
  }
  std::size_t find(std::string_view word, std::size_t from) const {
    while (from < tokens_.size() && !is(from, word)) ++from;
    return from;
  }
  void replace(std::size_t first, std::size_t last, std::string by) {
    const std::size_t begin = tokens_[first].begin;
    replacements_[begin] = {begin, tokens_[last].end, std::move(by)};
  }

  const std::string& text_;
  std::vector<Token> tokens_;
  std::size_t of_ = 0, on_ = 0, when_ = 0, execute_ = 0;  // places of the keywords
  std::map<std::size_t, Replacement> replacements_;
};

}  // namespace

std::string changed_trigger(const std::string& definition, const TriggerChanges& changes) {
  Definition parsed(definition);
  parsed.replace_columns(changes.of_columns);
  parsed.replace_table(changes.table);
  parsed.rename_in_when(changes.when_columns);
  return parsed.result();
}

std::string when_clause(const std::string& definition) {
  return Definition(definition).when();
}

}  // namespace pgstrata::sql
