// What the new version's rows hold in columns that only older versions show must be something that
// PostgreSQL takes: a default, NULL or a constant `down` that a domain, a check or a key refuses
// would make every INSERT of the new version fail. PostgreSQL is asked, on a stand-in of those
// columns.
#include <algorithm>

#include "engine/try_out.hpp"
#include "pgstrata/error.hpp"
#include "plan/elements.hpp"

namespace pgstrata::engine {

using model::Column;
using model::Table;
using sql::format;
using sql::Name;
using sql::Sql;

namespace {

struct Gone {
  const Column* column;
  std::optional<sql::Expression> value;  // none: NULL
  bool known = true;                     // the value is the same in every row
  bool demanded = false;                 // NOT NULL in a live version
};
using GoneColumns = std::map<std::string, Gone>;  // by physical name

bool is_known(const std::optional<sql::Expression>& value) {
  return !value || (value->constant() && !value->session_dependent);
}

// The `down` that fills a column for writers of the new version.
const model::Translation* filled_by(const Prepared& prepared, const std::string& table,
                                    const std::string& column) {
  auto find = [&](const model::Version& version) -> const model::Translation* {
    for (auto& link : version.translations)
      if (!link.up && link.table == table && link.output == column) return &link;
    return nullptr;
  };
  for (auto& version : prepared.live)
    if (auto* link = find(version)) return link;
  return find(prepared.next);
}

GoneColumns gone_columns(const Prepared& prepared, const Table& after) {
  GoneColumns gone;
  for (auto& version : prepared.live)
    if (const Table* table = version.physical_table(after.physical))
      for (const Column& column : table->columns) {
        if (after.physical_column(column.physical) || column.identity || column.generated) continue;
        Gone& entry = gone[column.physical];
        entry.column = &column;
        entry.value = column.physical_default;
        if (auto* link = filled_by(prepared, after.physical, column.physical))
          entry.value = link->expression;
        entry.known = is_known(entry.value);
        entry.demanded |= column.not_null;
      }
  return gone;
}

class Trial {
 public:
  Trial(Session& session, const Prepared& prepared, const Table& after)
      : session_(session),
        prepared_(prepared),
        after_(after),
        gone_(gone_columns(prepared, after)),
        stand_in_(session.stand_in()) {}

  void run() {
    for (auto& [physical, gone] : gone_)
      if (gone.column->type.str().find('.') != std::string::npos) try_domain(gone);
    try_rules();
  }

 private:
  // A domain is asked before any trigger: of what the base column gives by itself.
  void try_domain(const Gone& gone) {
    const auto& initial = gone.column->physical_default;
    if (!is_known(initial)) return;
    if (auto said = refusal({definition(*gone.column, initial, false)}, 1))
      refuse("PostgreSQL does not take what a row of the new version holds in column \"" +
                 gone.column->name + "\" before a `down` could run: " + *said,
             "give the column a default that its domain takes, in a migration before");
  }

  void try_rules() {
    std::vector<Sql> items;
    for (auto& [physical, gone] : gone_)
      if (gone.known) items.push_back(definition(*gone.column, gone.value, gone.demanded));
    if (items.empty()) return;
    for (auto& version : prepared_.live)
      if (const Table* table = version.physical_table(after_.physical)) add_rules(*table, items);
    if (auto said = refusal(items, 2))
      refuse("PostgreSQL does not take what rows of the new version hold in its dropped columns: " +
                 *said,
             "give `down`, with a value that older versions may see");
  }

  bool known(const Table& table, const std::string& logical) const {
    auto found = gone_.find(table.column(logical)->physical);
    return found != gone_.end() && found->second.known;
  }

  void add_rules(const Table& table, std::vector<Sql>& items) {
    for (auto& check : table.checks) {
      const auto inputs = check.expression.inputs();
      if (std::ranges::all_of(inputs, [&](auto& input) { return known(table, input); }) &&
          checks_.insert(check.name).second)
        items.push_back(format("CONSTRAINT {} CHECK ({})", Name(check.name),
                               plan::physical_expression(table, check.expression)));
    }
    for (auto& index : table.indexes) {
      const bool plain = std::ranges::all_of(index.keys, [&](auto& key) {
        return key.column && key.opclass.empty() && known(table, *key.column);
      });
      if (!index.unique || index.predicate || !plain) continue;
      std::vector<Sql> keys;
      for (auto& key : index.keys)
        keys.push_back(format("{}", Name(table.column(*key.column)->physical)));
      items.push_back(format("UNIQUE {}({})",
                             Sql::trusted(index.nulls_not_distinct ? "NULLS NOT DISTINCT " : ""),
                             sql::join(keys, ", ")));
    }
  }

  static Sql definition(const Column& column, const std::optional<sql::Expression>& value,
                        bool demanded) {
    Sql text = format("{} {}", Name(column.physical), Sql::trusted(column.type));
    if (!column.collation.empty()) text += format(" COLLATE {}", Sql::trusted(column.collation));
    if (value) text += format(" DEFAULT {}", Sql::trusted("(" + value->text + ")"));
    if (demanded) text += Sql::trusted(" NOT NULL");
    return text;
  }

  // What PostgreSQL says against that many rows with nothing given.
  std::optional<std::string> refusal(const std::vector<Sql>& items, int rows) {
    // Functions of users that a check calls look names up as a writer's do.
    db::Transaction rolled_back(
        session_.connection,
        "SET LOCAL lock_timeout = '1s'; SET LOCAL search_path = " + session_.user_path());
    session_.connection.execute(
        format("CREATE TABLE {} (\n  {}\n)", stand_in_, sql::join(items, ",\n  ")).str());
    try {
      for (int row = 0; row < rows; ++row)
        session_.connection.execute(format("INSERT INTO {} DEFAULT VALUES", stand_in_).str());
    } catch (const db::SqlError& error) {
      const std::string& state = error.sqlstate();
      if (error.connection_lost() || error.canceled()) throw;
      const bool says_no =
          state.starts_with("23") || state.starts_with("22") || state.starts_with("P0");
      if (!says_no) return {};  // on an empty stand-in that cannot be judged
      std::string message = error.fields().message;
      if (auto at = message.find(stand_in_.name); at != std::string::npos)
        message.replace(at, stand_in_.name.size(), after_.physical);
      return message;
    }
    return {};
  }

  [[noreturn]] void refuse(const std::string& what, const std::string& hint) const {
    std::string columns;
    for (auto& [physical, gone] : gone_) columns += (columns.empty() ? "" : ", ") + physical;
    throw Error(Exit::migration, "down-needed", what, after_.name + " (" + columns + ")", hint);
  }

  Session& session_;
  const Prepared& prepared_;
  const Table& after_;
  const GoneColumns gone_;
  const sql::Qualified stand_in_;
  std::set<std::string> checks_;  // versions share most of them
};

}  // namespace

void check_dropped_columns(Session& session, const Prepared& prepared) {
  const model::Version& before = prepared.live.back();
  for (auto& [logical, after] : prepared.next.tables) {
    const Table* shown = before.physical_table(after.physical);
    if (shown && std::ranges::any_of(shown->columns, [&](auto& column) {
          return !after.physical_column(column.physical);
        }))
      Trial(session, prepared, after).run();
  }
}

}  // namespace pgstrata::engine
