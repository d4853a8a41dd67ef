// The canonical text of a schema's catalog: one line per fact, so that a diff of two texts is a
// report.
//
// Left out is what may differ between equal tables: oids, attnums, dropped columns, sizes, and
// objects of other owners that merely depend on the table.
#include <fmt/format.h>

#include <algorithm>

#include "catalog/read.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::catalog {
namespace {

class Lines {
 public:
  void add(int depth, std::string_view kind, const std::string& name,
           const std::string& rest = {}) {
    text_.append(static_cast<std::size_t>(depth) * 2, ' ');
    text_ += kind;
    if (!name.empty()) text_ += ' ' + sql::quote_identifier(name);
    if (!rest.empty()) text_ += ' ';
    for (const char c : rest) {
      if (c == '\n')
        text_ += "\\n";
      else
        text_ += c;
    }
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// Words separated by spaces; those that say nothing are not added.
class Words {
 public:
  Words& add(const std::string& word) {
    if (!word.empty()) text_ += (text_.empty() ? "" : " ") + word;
    return *this;
  }
  Words& flag(bool set, const char* word) { return set ? add(word) : *this; }
  Words& comment(const std::optional<std::string>& comment) {
    return comment ? add("COMMENT " + sql::quote_literal(*comment)) : *this;
  }
  Words& options(const std::vector<std::string>& options) {
    return options.empty() ? *this
                           : add(fmt::format("WITH ({})", fmt::join(sorted(options), ", ")));
  }
  Words& target(int target) {
    return target < 0 ? *this : add(fmt::format("STATISTICS {}", target));
  }
  const std::string& str() const { return text_; }

  static std::vector<std::string> sorted(std::vector<std::string> items) {
    std::ranges::sort(items);
    return items;
  }

 private:
  std::string text_;
};

template <typename Object>
std::vector<const Object*> by_name(const std::vector<Object>& objects) {
  std::vector<const Object*> result;
  for (const Object& object : objects) result.push_back(&object);
  std::ranges::sort(result, {}, [](const Object* object) { return object->name; });
  return result;
}

void add_privileges(Lines& lines, int depth, std::vector<Privilege> privileges) {
  std::ranges::sort(privileges);
  for (const Privilege& privilege : privileges) {
    lines.add(
        depth, "grant", "",
        Words()
            .add(privilege.privilege)
            .add("TO")
            .add(privilege.grantee.empty() ? "PUBLIC" : sql::quote_identifier(privilege.grantee))
            .flag(privilege.grantable, "WITH GRANT OPTION")
            .str());
  }
}

void add_column(Lines& lines, const Column& column) {
  Words words;
  words.add(column.type);
  if (!column.collation.empty()) words.add("COLLATE " + column.collation);
  words.flag(column.not_null, "NOT NULL");
  if (column.generated != 0) {
    words.add(fmt::format("GENERATED {} AS {}", column.generated, column.default_.value_or("")));
  } else if (column.default_) {
    words.add("DEFAULT " + *column.default_);
  }
  if (column.identity != 0) words.add(fmt::format("IDENTITY {}", column.identity));
  if (column.owned_sequence) words.add("OWNS " + *column.owned_sequence);
  if (column.storage != 0) words.add(fmt::format("STORAGE {}", column.storage));
  if (!column.compression.empty()) words.add("COMPRESSION " + column.compression);
  words.target(column.statistics_target).options(column.options).comment(column.comment);
  lines.add(1, "column", column.name, words.str());
  add_privileges(lines, 2, column.privileges);
}

void add_index(Lines& lines, const Index& index) {
  Words words;
  words.add(index.definition)
      .flag(!index.valid, "INVALID")
      .flag(!index.ready, "NOT READY")
      .flag(index.replica_identity, "REPLICA IDENTITY")
      .flag(index.clustered, "CLUSTERED");
  if (!index.tablespace.empty()) words.add("TABLESPACE " + sql::quote_identifier(index.tablespace));
  for (std::size_t i = 0; i < index.keys.size(); ++i) {
    if (index.keys[i].statistics_target >= 0) {
      words.add(fmt::format("KEY {}", i + 1)).target(index.keys[i].statistics_target);
    }
  }
  lines.add(1, "index", index.name, words.comment(index.comment).str());
}

void add_table(Lines& lines, const Table& table) {
  Words words;
  words.add("OWNER " + sql::quote_identifier(table.owner))
      .flag(table.kind == 'p', "PARTITIONED")
      .flag(table.partition, "PARTITION")
      .flag(table.inheritance, "INHERITANCE")
      .flag(table.unlogged, "UNLOGGED")
      .flag(table.row_security, "ROW SECURITY")
      .flag(table.force_row_security, "FORCE ROW SECURITY")
      .flag(table.has_rules, "RULES");
  if (table.replica_identity != 'd') {
    words.add(fmt::format("REPLICA IDENTITY {}", table.replica_identity));
  }
  if (!table.partition_key.empty()) {
    words.add(fmt::format("KEY ({})", fmt::join(table.partition_key, ", ")));
  }
  lines.add(0, "table", table.name, words.options(table.options).comment(table.comment).str());
  add_privileges(lines, 1, table.privileges);
  for (const Column* column : by_name(table.columns)) add_column(lines, *column);
  for (const Constraint* constraint : by_name(table.constraints)) {
    lines.add(1, "constraint", constraint->name,
              Words()
                  .add(constraint->definition)
                  .flag(constraint->inherited, "INHERITED")
                  .comment(constraint->comment)
                  .str());
  }
  for (const Index* index : by_name(table.indexes)) add_index(lines, *index);
  for (const Trigger* trigger : by_name(table.triggers)) {
    lines.add(1, "trigger", trigger->name,
              Words()
                  .add(fmt::format("{} ENABLED {}", trigger->definition, trigger->enabled))
                  .comment(trigger->comment)
                  .str());
  }
  for (const auto& policy : Words::sorted(table.policies)) lines.add(1, "policy", "", policy);
  for (const auto& statistics : Words::sorted(table.statistics)) {
    lines.add(1, "statistics", "", statistics);
  }
  for (const auto& publication : Words::sorted(table.publications)) {
    lines.add(1, "publication", "", publication);
  }
}

}  // namespace

std::string fingerprint(const Table& table) {
  Lines lines;
  add_table(lines, table);
  return lines.take();
}

std::string fingerprint(const Snapshot& snapshot) {
  Lines lines;
  lines.add(0, "schema", snapshot.schema);
  add_privileges(lines, 1, snapshot.schema_privileges);
  for (const auto& [name, table] : snapshot.tables) add_table(lines, table);
  for (const auto& relation : Words::sorted(snapshot.other_relations)) {
    lines.add(0, "relation", relation);
  }
  return lines.take();
}

}  // namespace pgstrata::catalog
