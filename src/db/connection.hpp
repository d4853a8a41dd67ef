// Connections to PostgreSQL: the only place that knows libpqxx.
//
// libpqxx 6.4 reconnects silently and hides SQLSTATEs; behind this header it does neither. A lost
// connection throws, and stays lost: its session locks are gone, and pretending otherwise loses
// writes. A Connection belongs to one thread; only cancel() may be called from another.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pgstrata::db {

// A server's or the connection's error, with what a retry loop asks.
class SqlError : public std::runtime_error {
 public:
  struct Fields {
    std::string sqlstate;  // five characters; "08006" when the connection is gone without a word
    std::string message;   // primary message
    std::string detail, hint, context, schema, table, column, constraint;
    std::string statement;
    int position = 0;       // 1-based character in `statement`, 0 if unknown
    bool in_doubt = false;  // a COMMIT whose outcome is unknown
  };
  explicit SqlError(Fields fields);
  const Fields& fields() const { return fields_; }
  const std::string& sqlstate() const { return fields_.sqlstate; }
  bool connection_lost() const;     // class 08, 57P01-57P03, or in doubt
  bool lock_not_available() const;  // 55P03
  bool canceled() const;            // 57014
  bool try_again() const;           // 55P03, 57014 by a timeout, 40001, 40P01

 private:
  Fields fields_;
};

// Rows as text, the way psql shows them; NULL is an empty optional.
class Result {
 public:
  std::size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }
  bool is_null(std::size_t row, std::size_t column) const { return !rows_[row][column]; }
  // Throws std::logic_error on NULL: ask is_null() where NULL is possible.
  const std::string& text(std::size_t row, std::size_t column) const;
  std::string text_or(std::size_t row, std::size_t column, std::string fallback) const;
  std::int64_t integer(std::size_t row, std::size_t column) const;
  bool boolean(std::size_t row, std::size_t column) const;
  std::size_t affected = 0;  // rows of INSERT, UPDATE, DELETE

  std::vector<std::vector<std::optional<std::string>>> rows_;
};

using Parameters = std::vector<std::optional<std::string>>;

struct ConnectionOptions {
  std::string url;               // libpq URL or key=value string; empty: libpq's environment
  std::string application_name;  // "pgstrata start"
  std::string role;              // SET ROLE after connecting; empty: none
  std::string
      member_of;  // held as a shared advisory lock as long as the session lives; empty: none
};

class Connection {
 public:
  // Throws SqlError (connection_lost) if there is none, Error(Exit::connection, "pooler") behind a
  // pooler, where locks and settings of a session are the next client's. Sets statement_timeout and
  // idle_in_transaction_session_timeout to 0 for this session, client_min_messages to warning,
  // and search_path to pg_catalog.
  explicit Connection(const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One or several statements without parameters (simple protocol; several are one implicit
  // transaction).
  Result execute(std::string_view sql);
  // One statement with $1 … parameters.
  Result execute(std::string_view sql, const Parameters& parameters);
  // Prepared once per connection and name; then run with parameters.
  Result execute_prepared(const std::string& name, std::string_view sql,
                          const Parameters& parameters);

  // Where in `sql` the server sees the error, for statements that have just failed: 1-based
  // character, 0 if it says nothing. Runs `sql` again, so only for statements inside a transaction
  // to be rolled back.
  int error_position(std::string_view sql);

  // Holds ConnectionOptions::member_of from now on, and so do connections opened with options().
  void join(const std::string& group);

  int backend_pid() const;
  int server_version() const;  // 150020
  std::string server_version_text() const;
  // As they were when the connection was made; asked with its set-up, in one round trip.
  std::string given_path() const;  // search_path of the role, database or URL
  std::chrono::milliseconds deadlock_timeout() const;
  void cancel() noexcept;  // from any thread: cancels the statement that runs now
  const ConnectionOptions& options() const;

 private:
  void refuse_pooler();

  struct State;
  std::unique_ptr<State> state_;
};

// BEGIN … COMMIT; rolls back when it goes out of scope uncommitted.
class Transaction {
 public:
  // `opening`: statements in the same round trip as BEGIN.
  explicit Transaction(Connection& connection, std::string_view opening = {});
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();
  void rollback();

 private:
  Connection& connection_;
  bool open_ = true;
};

}  // namespace pgstrata::db
