#include "model/sequences.hpp"

#include <algorithm>

#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::model {
namespace {

struct Going {
  std::string sequence;     // qualified and quoted
  const Table& table;       // of its owner, in the previous version
  const Column& column;     // its owner
  bool with_table = false;  // the whole table goes
};

bool owns(const Version& version, const std::string& sequence) {
  return std::ranges::any_of(version.tables, [&](auto& entry) {
    return std::ranges::any_of(entry.second.columns, [&](const Column& column) {
      return column.owned_sequence && *column.owned_sequence == sequence;
    });
  });
}

bool names(const sql::Expression& expression, const std::string& sequence) {
  return expression.text.find(sql::format("{}::regclass", sql::Literal(sequence)).str()) !=
         std::string::npos;
}

[[noreturn]] void refuse(const std::string& user, const Going& going) {
  const std::string owner = going.with_table
                                ? "table " + going.table.name
                                : "column " + going.table.name + "." + going.column.name;
  throw Error(Exit::migration, "used-sequence",
              user + " uses sequence " + going.sequence + ", which goes with " + owner, owner,
              going.column.identity
                  ? "end that use by a migration before this one: the sequence of an identity "
                    "column cannot be given away"
                  : "keep it by ALTER SEQUENCE " + going.sequence +
                        " OWNED BY NONE, or end that use by a migration before this one");
}

void refuse_uses(const Version& version, const Going& going) {
  for (auto& [logical, table] : version.tables)
    for (const Column& column : table.columns) {
      const bool goes_along = table.physical == going.table.physical &&
                              (going.with_table || column.physical == going.column.physical);
      if (!goes_along && column.default_ && names(*column.default_, going.sequence))
        refuse("the default of " + logical + "." + column.name, going);
    }
  if (!going.with_table) return;  // functions go before columns
  for (const Translation& link : version.translations)
    if (names(link.expression, going.sequence)) refuse("the translation of " + link.title, going);
}

}  // namespace

void refuse_used_sequences(const Version& previous, const Version& next) {
  for (auto& [logical, table] : previous.tables) {
    const Table* later = next.physical_table(table.physical);
    if (later && later->columns.shares(table.columns)) continue;
    for (const Column& column : table.columns) {
      if (!column.owned_sequence || owns(next, *column.owned_sequence)) continue;
      const Going going{*column.owned_sequence, table, column, later == nullptr};
      refuse_uses(previous, going);
      refuse_uses(next, going);
    }
  }
}

}  // namespace pgstrata::model
