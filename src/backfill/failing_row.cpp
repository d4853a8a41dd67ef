#include "backfill/failing_row.hpp"

#include <fmt/format.h>

#include <optional>

#include "backfill/worker.hpp"
#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::backfill {
namespace {

// What a translation, a rule or a trigger raises about the values of a row: the classes of data, of
// integrity, of PL/pgSQL, and those that users invent.
bool about_data(const db::SqlError& error) {
  const std::string_view state = error.sqlstate();
  if (error.connection_lost() || error.try_again() || error.canceled()) return false;
  for (const auto* other : {"42", "53", "54", "57", "58", "XX"})
    if (state.starts_with(other)) return false;
  return state != "55000" || error.fields().table != "runners";
}

class Narrowing {
 public:
  Narrowing(db::Connection& connection, const Statements& statements, std::string sqlstate)
      : connection_(connection), statements_(statements), sqlstate_(std::move(sqlstate)) {}

  // The ctid of a row that raises the same error.
  std::optional<std::string> find(std::int64_t begin, std::int64_t end) {
    while (end - begin > 1) {
      const auto middle = begin + (end - begin) / 2;
      (fails(tid(begin), tid(middle)) ? end : begin) = middle;
    }
    const auto rows = connection_.execute(statements_.rows_left, {tid(begin), tid(begin + 1)});
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const auto& ctid = rows.text(row, 0);
      const auto line = std::stoi(ctid.substr(ctid.find(',') + 1));
      if (fails(ctid, tid(begin, line + 1))) return ctid;
    }
    return {};
  }

 private:
  bool fails(const std::string& from, const std::string& to) {
    db::Transaction rolled_back(connection_);
    try {
      connection_.execute(statements_.probe, {from, to});
      return false;
    } catch (const db::SqlError& error) {
      if (error.connection_lost()) throw;
      return error.sqlstate() == sqlstate_;
    }
  }

  db::Connection& connection_;
  const Statements& statements_;
  const std::string sqlstate_;
};

// "id = 7", or the ctid where there is no primary key.
std::string row_name(db::Connection& connection, const Target& target, const std::string& ctid) {
  const auto columns = connection.execute(
      "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND "
      "a.attnum = ANY (i.indkey) "
      "WHERE i.indrelid = $1::oid AND i.indisprimary ORDER BY array_position(i.indkey::int2[], "
      "a.attnum)",
      {std::to_string(target.oid)});
  if (columns.empty()) return "the row at ctid " + ctid;
  std::string list, name;
  for (std::size_t i = 0; i < columns.size(); ++i)
    list += (i == 0 ? "" : ", ") + sql::quote_identifier(columns.text(i, 0)) + "::text";
  const auto values = connection.execute(
      fmt::format("SELECT {} FROM ONLY {} WHERE ctid = $1::tid", list, table_sql(target.fill)),
      {ctid});
  if (values.empty()) return "the row at ctid " + ctid;
  for (std::size_t i = 0; i < columns.size(); ++i)
    name += fmt::format("{}{} = {}", i == 0 ? "" : ", ", columns.text(i, 0),
                        values.text_or(0, i, "NULL"));
  return "the row with " + name;
}

Error data_error(const Target& target, const db::SqlError& error, const std::string& row) {
  const auto& fields = error.fields();
  auto message = fmt::format("{} (SQLSTATE {})", fields.message, fields.sqlstate);
  if (!fields.detail.empty()) message += "; " + fields.detail;
  if (!row.empty()) message += "; raised for " + row;
  return Error(Exit::data, "backfill-failed", message, target.fill.schema + "." + target.fill.table,
               "mend the row, or change the translation");
}

}  // namespace

void raise(db::Connection& connection, const Target& target, const Statements& statements,
           std::int64_t begin, std::int64_t end, const db::SqlError& error) {
  if (!about_data(error)) throw error;
  std::string row;
  try {
    connection.execute("SET statement_timeout = '1s'; SET lock_timeout = '50ms'");
    if (const auto ctid = Narrowing(connection, statements, error.sqlstate()).find(begin, end))
      row = row_name(connection, target, *ctid);
  } catch (const db::SqlError&) {
    // The name is a courtesy; the error is what counts.
  }
  throw data_error(target, error, row);
}

void raise_row(db::Connection& connection, const Target& target, const std::string& ctid,
               const db::SqlError& error) {
  if (!about_data(error)) throw error;
  std::string row = "the row at ctid " + ctid;
  try {
    row = row_name(connection, target, ctid);
  } catch (const db::SqlError&) {
  }
  throw data_error(target, error, row);
}

}  // namespace pgstrata::backfill
