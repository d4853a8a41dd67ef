#include "db/connection.hpp"

namespace pgstrata::db {

Transaction::Transaction(Connection& connection, std::string_view opening)
    : connection_(connection) {
  // On one line with BEGIN: a round trip less, and an error in it leaves nothing open.
  try {
    connection_.execute("BEGIN;" + std::string(opening));
  } catch (const SqlError& error) {
    if (!error.connection_lost()) connection_.execute("ROLLBACK");
    throw;
  }
}

Transaction::~Transaction() {
  try {
    rollback();
  } catch (const std::exception&) {
    // The server rolls back by itself when the session ends, and nothing else can fail here.
  }
}

void Transaction::commit() {
  // COMMIT of a failed transaction rolls back and calls that a success; any other statement is
  // refused there (25P02), so one goes before it in the same message.
  connection_.execute("SELECT; COMMIT");
  open_ = false;
}

void Transaction::rollback() {
  if (!open_) return;
  open_ = false;
  connection_.execute("ROLLBACK");
}

}  // namespace pgstrata::db
