#include "model/going.hpp"

#include <algorithm>
#include <cctype>
#include <span>

#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::model {
namespace {

struct Going {
  std::string name;         // qualified and quoted, of a sequence or a table
  const Table& table;       // that goes, or whose column does
  const Column* column;     // the sequence's owner; none: the name is the table's
  bool with_table;          // the whole table goes
  bool with_older = false;  // than the last live version: what is new now will be there still
};

// The sequence of an identity column is made anew for its twin.
bool owns(const Version& version, const std::string& sequence) {
  return std::ranges::any_of(version.tables, [&](auto& entry) {
    return std::ranges::any_of(entry.second.columns, [&](const Column& column) {
      return column.owned_sequence && *column.owned_sequence == sequence &&
             column.identity_of.empty();
    });
  });
}

// In a text that PostgreSQL printed: 's.name'::regclass, NULL::s.name.
bool names(const sql::Expression& expression, const Going& going) {
  if (going.column)
    return expression.text.find(sql::format("{}::regclass", sql::Literal(going.name)).str()) !=
           std::string::npos;
  const std::string& text = expression.text;
  for (std::size_t at = text.find(going.name); at != std::string::npos;
       at = text.find(going.name, at + 1)) {
    const unsigned char next =
        at + going.name.size() < text.size() ? text[at + going.name.size()] : ' ';
    if (at > 0 && (text[at - 1] == ':' || text[at - 1] == '\'') && !std::isalnum(next) &&
        next != '_')
      return true;
  }
  return false;
}

[[noreturn]] void refuse(const std::string& user, const Going& going) {
  const std::string owner = going.with_table
                                ? "table " + going.table.name
                                : "column " + going.table.name + "." + going.column->name;
  if (!going.column)
    throw Error(Exit::migration, "used-table",
                user + " names " + going.name + ", which goes with an older version", owner,
                "take that name out, or complete first");
  throw Error(Exit::migration, "used-sequence",
              user + " uses sequence " + going.name + ", which goes with " + owner, owner,
              going.column->identity
                  ? "end that use by a migration before this one: the sequence of an identity "
                    "column cannot be given away"
                  : "end that use by a migration before this one; or, while a single version is "
                    "live, keep the sequence by ALTER SEQUENCE " +
                        going.name + " OWNED BY NONE");
}

void refuse_defaults(const Version& version, const Going& going) {
  for (auto& [logical, table] : version.tables)
    for (const Column& column : table.columns) {
      const bool goes_along =
          table.physical == going.table.physical &&
          (going.with_table || (going.column && column.physical == going.column->physical));
      if (!goes_along && column.default_ && names(*column.default_, going))
        refuse("the default of " + logical + "." + column.name, going);
    }
}

void refuse_functions(const Version& next, const Going& going) {
  if (going.with_table || going.with_older)  // else they go before the column does
    for (const Translation& link : next.translations)
      if (names(link.expression, going)) refuse("the translation of " + link.title, going);
  for (const Rule& rule : next.rules)
    if (names(rule.condition, going))
      refuse("the rule \"" + rule.name + "\" of table " + rule.table, going);
}

std::string text_of(const Maybe<sql::Expression>& expression) {
  return expression ? expression->text : std::string();
}

void refuse_waiting_defaults(const Version& version, const Version& renaming, const Going& going) {
  for (auto& [logical, table] : version.tables)
    for (const Column& column : table.columns)
      if (column.default_ && column.default_->text != text_of(column.physical_default) &&
          names(*column.default_, going))
        throw Error(Exit::migration, "used-table",
                    "the default of " + logical + "." + column.name + " names table " + going.name +
                        ", which version \"" + renaming.name + "\" renames to \"" +
                        going.table.name + "\"",
                    logical + "." + column.name,
                    "complete the renaming first, or take the name out of the default");
}

// A default that a completion sets is set by its text, which has the names of today.
void refuse_renamed_in_defaults(std::span<const Version* const> versions,
                                const std::string& base_schema) {
  for (const Version* renaming : versions)
    for (auto& [name, renamed] : renaming->tables) {
      if (renamed.physical == name) continue;
      const Going going{sql::format("{}", sql::Qualified{base_schema, renamed.physical}).str(),
                        renamed, nullptr, false};
      for (const Version* version : versions.subspan(1))
        refuse_waiting_defaults(*version, *renaming, going);
    }
}

}  // namespace

void refuse_going_in_use(const std::vector<const Version*>& live, const Version& next,
                         const std::string& base_schema) {
  std::vector<const Version*> all = live;
  all.push_back(&next);
  refuse_renamed_in_defaults(all, base_schema);
  for (const Version* version : live) {
    const bool last = version == live.back();
    auto check = [&](Going going) {
      going.with_older = !last;
      if (last) refuse_defaults(*version, going);
      refuse_defaults(next, going);
      refuse_functions(next, going);
    };
    for (auto& [logical, table] : version->tables) {
      const Table* later = next.physical_table(table.physical);
      if (later && later->columns.shares(table.columns)) continue;
      for (const Column& column : table.columns)
        if (column.owned_sequence && column.identity_of.empty() &&
            !owns(next, *column.owned_sequence))
          check({*column.owned_sequence, table, &column, later == nullptr});
      if (!later)
        check({sql::format("{}", sql::Qualified{base_schema, table.physical}).str(), table, nullptr,
               true});
    }
  }
}

}  // namespace pgstrata::model
