// Columns with their defaults, and the sequences they own.
#include <algorithm>
#include <unordered_map>

#include "catalog/reading.hpp"
#include "catalog/text_array.hpp"
#include "catalog/types.hpp"
#include "db/batches.hpp"
#include "sql/references.hpp"

namespace pgstrata::catalog {
namespace {

// A result holds every field as a string, a kilobyte per row.
constexpr int rows_at_a_time = 2000;

// A column of another type: is it equal by image?
struct Asked {
  Oid table;
  int attnum;
  Oid type;
  bool plain_collation;
};

void answer(Reading& reading, const std::vector<Asked>& asked) {
  if (asked.empty()) return;
  std::unordered_map<Oid, bool> types;  // true where that needs a deterministic collation
  const auto rows = reading.connection.execute(image_equality_query().str());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    types.emplace(oid_at(rows, row, 0), rows.boolean(row, 1));
  }
  for (const Asked& one : asked) {
    const auto equal = types.find(one.type);
    auto& columns = reading.tables.at(one.table)->columns;
    std::ranges::find(columns, one.attnum, &Column::attnum)->image_equality =
        equal != types.end() && (!equal->second || one.plain_collation);
  }
}

char first_or_zero(const db::Result& rows, std::size_t row, std::size_t column) {
  return rows.is_null(row, column) || rows.text(row, column).empty() ? '\0'
                                                                     : rows.text(row, column)[0];
}

Column make_column(db::Result& rows, std::size_t row) {
  Column column;
  column.attnum = static_cast<int>(rows.integer(row, 1));
  column.name = std::move(*rows.rows_[row][2]);
  column.type = std::move(*rows.rows_[row][3]);
  const auto equality = known_image_equality(oid_at(rows, row, 4));
  column.not_null = rows.boolean(row, 5);
  column.collation = rows.text_or(row, 6, "");
  column.image_equality =
      equality == ImageEquality::always ||
      (equality == ImageEquality::under_deterministic_collation && rows.is_null(row, 7));
  column.default_ = std::move(rows.rows_[row][8]);
  column.identity = first_or_zero(rows, row, 10);
  column.generated = first_or_zero(rows, row, 11);
  column.storage = first_or_zero(rows, row, 12);
  const char compression = first_or_zero(rows, row, 13);
  column.compression = compression == 'p' ? "pglz" : compression == 'l' ? "lz4" : "";
  if (!rows.is_null(row, 14)) column.statistics_target = static_cast<int>(rows.integer(row, 14));
  column.privileges = parse_privileges(rows.rows_[row][15]);
  column.options = parse_array(rows.rows_[row][16]);
  // What ALTER COLUMN … SET takes; servers keep notes of their own there, too.
  std::erase_if(column.options,
                [](const std::string& option) { return !option.starts_with("n_distinct"); });
  return column;
}

// Fields that most columns leave at their default come as NULL, which costs one byte. The CASE
// spares columns without a default their look-up: an index is not descended for a NULL key.
constexpr const char* columns_query = R"sql(
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.attnotnull,
       CASE WHEN a.attcollation <> t.typcollation
            THEN quote_ident(co.nspname) || '.' || quote_ident(co.collname) END,
       CASE WHEN NOT co.collisdeterministic THEN true END,
       pg_get_expr(d.adbin, d.adrelid),
       CASE WHEN a.attgenerated = '' THEN d.oid END,
       NULLIF(a.attidentity, ''), NULLIF(a.attgenerated, ''),
       NULLIF(a.attstorage, t.typstorage), NULLIF(a.attcompression, ''),
       NULLIF(a.attstattarget, -1), a.attacl, a.attoptions,
       CASE WHEN a.attcollation NOT IN (0, 'pg_catalog."default"'::regcollation) THEN true END
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = CASE WHEN a.atthasdef THEN a.attnum END
LEFT JOIN (SELECT o.oid, o.collname, o.collisdeterministic, n.nspname
           FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace) co
       ON co.oid = a.attcollation
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p'){})sql";

// A default's stored tree names every function by oid, whatever it is called in the text.
constexpr const char* volatile_query = R"sql(
SELECT d.oid
FROM (VALUES {}) AS wanted (oid)
JOIN pg_attrdef d USING (oid)
WHERE EXISTS (SELECT FROM regexp_matches(d.adbin::text, ':(?:funcid|opfuncid) (\d+)', 'g') AS m (f)
              JOIN pg_proc p ON p.oid = m.f[1]::oid AND p.provolatile = 'v'))sql";

// Defaults by their text, each with one pg_attrdef row that has it: equal texts are equal
// expressions, because every name is qualified and no column occurs.
using Defaults = std::unordered_map<std::string, Oid>;

void mark_volatile_defaults(Reading& reading, const Defaults& defaults) {
  std::unordered_map<Oid, const std::string*> asked;
  std::vector<sql::Sql> oids;
  std::unordered_map<std::string, bool> is_volatile;
  for (const auto& [text, oid] : defaults) {
    const bool sequence = text.starts_with("nextval(");
    is_volatile[text] = sequence;
    if (sequence || text.find('(') == std::string::npos) continue;
    asked.emplace(oid, &text);
    oids.push_back(sql::format("({})", oid));
  }
  if (!oids.empty()) {
    const auto rows =
        reading.connection.execute(sql::format(volatile_query, sql::join(oids, ", ")).str());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      is_volatile[*asked.at(oid_at(rows, row, 0))] = true;
    }
  }
  for (Table* table : reading.part) {
    for (Column& column : table->columns) {
      if (column.default_ && column.generated == 0) {
        column.default_volatile = is_volatile[*column.default_];
      }
    }
  }
}

}  // namespace

void read_columns(Reading& reading) {
  Defaults defaults;
  std::vector<Asked> asked;
  auto take = [&](db::Result& rows) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      Table* table = reading.table(rows, row, 0);
      if (table == nullptr) continue;
      if (!rows.is_null(row, 9)) defaults.emplace(rows.text(row, 8), oid_at(rows, row, 9));
      if (!rows.is_null(row, 17)) {
        reading.own_collations.emplace(table->oid, static_cast<int>(rows.integer(row, 1)));
      }
      if (table->columns.empty()) {
        table->columns.reserve(static_cast<std::size_t>(table->attribute_count));
      }
      table->columns.push_back(make_column(rows, row));
      if (const Oid type = oid_at(rows, row, 4); !known_image_equality(type)) {
        asked.push_back({table->oid, table->columns.back().attnum, type, rows.is_null(row, 7)});
      }
    }
  };
  db::read_in_batches(reading.connection,
                      sql::format(columns_query, reading.schema_oid, reading.in_part).str(),
                      rows_at_a_time, take);
  answer(reading, asked);
  for (Table* table : reading.part) std::ranges::sort(table->columns, {}, &Column::attnum);
  mark_volatile_defaults(reading, defaults);
}

void read_sequences(Reading& reading) {
  const auto rows = reading.connection.execute(sql::format(R"sql(
SELECT d.refobjid, d.refobjsubid, s.oid::regclass
FROM pg_class s
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.objsubid = 0
                AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
                AND d.deptype IN ('a', 'i')
JOIN pg_class c ON c.oid = d.refobjid AND c.relnamespace = {}{}
WHERE s.relkind = 'S')sql",
                                                           reading.schema_oid, reading.in_part)
                                                   .str());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Table* table = reading.table(rows, row, 0);
    if (table == nullptr) continue;
    const auto column =
        std::ranges::find(table->columns, static_cast<int>(rows.integer(row, 1)), &Column::attnum);
    if (column != table->columns.end()) column->owned_sequence = rows.text(row, 2);
  }
}

// Columns of partition keys, those inside expressions included.
void read_partition_keys(Reading& reading) {
  const auto rows = reading.connection.execute(sql::format(R"sql(
SELECT c.oid, p.partattrs, pg_get_expr(p.partexprs, c.oid)
FROM pg_class c
JOIN pg_partitioned_table p ON p.partrelid = c.oid
WHERE c.relnamespace = {}{})sql",
                                                           reading.schema_oid, reading.in_part)
                                                   .str());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Table* table = reading.table(rows, row, 0);
    if (table == nullptr) continue;
    table->partition_key = column_names(*table, parse_numbers(rows.rows_[row][1]));
    if (rows.is_null(row, 2)) continue;
    // Several expressions are printed as a list, which reads as one row.
    const auto read = sql::find_bare_columns("ROW(" + rows.text(row, 2) + ")");
    for (const Column& column : table->columns) {
      const bool used = !read || std::ranges::find(*read, column.name) != read->end();
      const bool known =
          std::ranges::find(table->partition_key, column.name) != table->partition_key.end();
      if (used && !known) table->partition_key.push_back(column.name);
    }
  }
}

}  // namespace pgstrata::catalog
