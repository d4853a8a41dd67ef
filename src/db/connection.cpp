#include "db/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <pqxx/pqxx>
#include <set>

#include "db/server_error.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::db {
namespace {

// What an error is called that reaches us as a type without a SQLSTATE.
std::string sqlstate_by_type(const std::exception& error) {
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error)) return "40P01";
  if (dynamic_cast<const pqxx::serialization_failure*>(&error)) return "40001";
  if (dynamic_cast<const pqxx::statement_completion_unknown*>(&error)) return "40003";
  if (dynamic_cast<const pqxx::transaction_rollback*>(&error)) return "40000";
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error)) return "42501";
  if (dynamic_cast<const pqxx::too_many_connections*>(&error)) return "53300";
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error)) return sql->sqlstate();
  return {};
}

bool says_commit(std::string_view sql) {
  // The last statement decides: "…; COMMIT" is how a step and its journal record end.
  while (!sql.empty() &&
         (std::isspace(static_cast<unsigned char>(sql.back())) || sql.back() == ';')) {
    sql.remove_suffix(1);
  }
  constexpr std::string_view word = "COMMIT";
  if (sql.size() < word.size()) return false;
  const std::string_view tail = sql.substr(sql.size() - word.size());
  return std::ranges::equal(tail, word,
                            [](unsigned char a, char b) { return std::toupper(a) == b; });
}

// libpq keeps calling a connection good when it was a write that failed.
bool says_closed(const std::exception& error) {
  const std::string_view text = error.what();
  return text.find("server closed the connection unexpectedly") != std::string_view::npos &&
         parse_error(text).sqlstate.empty();
}

[[noreturn]] void rethrow(const std::exception& error, std::string_view sql, bool alive) {
  SqlError::Fields fields = parse_error(error.what());
  if (fields.sqlstate.empty()) fields.sqlstate = sqlstate_by_type(error);
  if (!alive && fields.sqlstate.empty()) {
    fields.sqlstate = "08006";
    // libpqxx's own words here are about whatever it asked last, such as the client encoding.
    fields.message = "the connection to the server was lost";
  }
  fields.in_doubt =
      (!alive && says_commit(sql)) || dynamic_cast<const pqxx::in_doubt_error*>(&error) != nullptr;
  fields.statement = sql;
  throw SqlError(std::move(fields));
}

Result copy(const pqxx::result& from) {
  Result result;
  result.affected = from.affected_rows();
  result.rows_.reserve(from.size());
  const auto columns = from.columns();
  for (pqxx::result::size_type row = 0; row < from.size(); ++row) {
    const pqxx::row& source = from[row];
    auto& target = result.rows_.emplace_back(columns);
    for (pqxx::row::size_type column = 0; column < columns; ++column) {
      const pqxx::field field = source[column];
      if (!field.is_null()) target[column].emplace(field.c_str(), field.size());
    }
  }
  return result;
}

// libpqxx takes parameters that are known at run time as C strings; null pointers are NULL.
std::vector<const char*> pointers(const Parameters& parameters) {
  std::vector<const char*> result;
  result.reserve(parameters.size());
  for (const auto& parameter : parameters) {
    result.push_back(parameter ? parameter->c_str() : nullptr);
  }
  return result;
}

}  // namespace

// `work` stays open for the connection's life and sends nothing of its own: BEGIN and COMMIT are
// ordinary statements, and those that refuse transactions run as well.
struct Connection::State {
  explicit State(const ConnectionOptions& wanted)
      : options(wanted), connection(wanted.url), silence(connection) {
#if PQXX_VERSION_MAJOR < 7
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
    connection.set_verbosity(pqxx::connection_base::verbose);
#else
    connection.set_verbosity(pqxx::error_verbosity::verbose);
#endif
    work.emplace(connection);
  }

  bool alive() const {
    return connection.is_open();
  }

  // Every statement goes through here, so that no libpqxx exception passes this file.
  template <typename Run>
  Result run(std::string_view sql, Run run_it) {
    if (lost) fail_lost(sql);
    try {
      return copy(run_it());
    } catch (const std::exception& error) {
      lost = !alive() || says_closed(error);
      rethrow(error, sql, !lost);
    }
  }

  [[noreturn]] static void fail_lost(std::string_view sql) {
    SqlError::Fields fields;
    fields.sqlstate = "08003";
    fields.message = "the connection was lost before";
    fields.statement = sql;
    throw SqlError(std::move(fields));
  }

  ConnectionOptions options;
  pqxx::connection connection;
  pqxx::quiet_errorhandler silence;  // notices of our own DDL are nobody's business
  std::optional<pqxx::nontransaction> work;
  std::set<std::string> prepared;
  std::string version_text, given_path;
  std::chrono::milliseconds deadlock_timeout{};
  bool lost = false;
};

Connection::Connection(const ConnectionOptions& options) {
  try {
    state_ = std::make_unique<State>(options);
  } catch (const std::exception& error) {
    SqlError::Fields fields = parse_error(error.what());
    if (fields.sqlstate.empty()) fields.sqlstate = "08001";
    throw SqlError(std::move(fields));
  }
  refuse_pooler();
  const auto literal = [&](const std::string& text) {
    return fmt::format("'{}'", state_->work->esc(text));
  };
  // A role's or database's own settings must not change what our statements mean or how long they
  // may take. JIT costs a catalog query more than it could ever save.
  std::string setup = fmt::format(
      "SET application_name = {}; SET statement_timeout = 0; SET lock_timeout = 0;"
      "SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0;"
      "SET client_min_messages = warning; SET client_encoding = 'UTF8';"
      "SET standard_conforming_strings = on; SET default_transaction_isolation = 'read committed';"
      "SET default_transaction_read_only = off; SET default_transaction_deferrable = off;"
      "SET exit_on_error = off; SET jit = off;",
      literal(options.application_name.empty() ? "pgstrata" : options.application_name));
  if (server_version() >= 170000) setup += "SET transaction_timeout = 0;";
  if (!options.role.empty()) {
    setup += fmt::format("SET ROLE {};", state_->work->quote_name(options.role));
  }
  // A path may list pg_catalog last: until it is replaced, names are qualified.
  setup +=
      "SELECT pg_catalog.set_config('pgstrata.given_path', "
      "pg_catalog.current_setting('search_path'), "
      "false); SET search_path = pg_catalog;"
      // What is said to be done is on our disk, whatever the role's setting is.
      "SELECT set_config('synchronous_commit', 'local', false) "
      "WHERE current_setting('synchronous_commit') = 'off';"
      "SELECT current_setting('server_version'), current_setting('pgstrata.given_path'), "
      "(extract(epoch FROM current_setting('deadlock_timeout')::interval) * 1000)::bigint";
  const Result answer = execute(setup);
  state_->version_text = answer.text(0, 0);
  state_->given_path = answer.text(0, 1);
  state_->deadlock_timeout = std::chrono::milliseconds(answer.integer(0, 2));
  if (!options.member_of.empty()) join(options.member_of);
}

// The process number that the other side gave us at connecting is then not that of the backend.
// Asked before anything is set: the next user of that server connection would find our search_path.
void Connection::refuse_pooler() {
  if (execute("SELECT pg_catalog.pg_backend_pid()").integer(0, 0) == backend_pid()) return;
  throw Error(Exit::connection, "pooler",
              "the connection goes through a pooler, where locks and settings of a session do not "
              "hold",
              {}, "give a URL that reaches the server itself");
}

Connection::~Connection() = default;

Result Connection::execute(std::string_view sql) {
  return state_->run(sql, [&] { return state_->work->exec(std::string(sql)); });
}

Result Connection::execute(std::string_view sql, const Parameters& parameters) {
  return state_->run(sql, [&] {
    return state_->work->exec_params(std::string(sql),
                                     pqxx::prepare::make_dynamic_params(pointers(parameters)));
  });
}

Result Connection::execute_prepared(const std::string& name, std::string_view sql,
                                    const Parameters& parameters) {
  return state_->run(sql, [&] {
    if (state_->prepared.insert(name).second) {
      state_->connection.prepare(name, std::string(sql));
    }
    return state_->work->exec_prepared(name,
                                       pqxx::prepare::make_dynamic_params(pointers(parameters)));
  });
}

int Connection::error_position(std::string_view sql) {
  // Only the terse form of a message has the position as a number.
  state_->connection.set_verbosity(pqxx::connection_base::terse);
  int position = 0;
  try {
    // The extended protocol, as a bound statement may be anything a document says: one statement
    // only.
    state_->work->exec_params(std::string(sql));
  } catch (const std::exception& error) {
    position = parse_position(error.what());
  }
  state_->connection.set_verbosity(pqxx::connection_base::verbose);
  state_->lost = !state_->alive();
  return position;
}

// The lock goes with the session, however that ends, so who holds it is a list of live members.
void Connection::join(const std::string& group) {
  execute("SELECT pg_advisory_lock_shared(hashtextextended($1, 0))", {group});
  state_->options.member_of = group;
}

int Connection::backend_pid() const {
  return state_->connection.backendpid();
}

int Connection::server_version() const {
  return state_->connection.server_version();
}

std::string Connection::server_version_text() const {
  return state_->version_text;
}

std::string Connection::given_path() const {
  return state_->given_path;
}

std::chrono::milliseconds Connection::deadlock_timeout() const {
  return state_->deadlock_timeout;
}

void Connection::cancel() noexcept {
  try {
    state_->connection.cancel_query();
  } catch (const std::exception&) {
    // Nothing was running, or the connection is gone: then there is nothing to cancel.
  }
}

const ConnectionOptions& Connection::options() const {
  return state_->options;
}

}  // namespace pgstrata::db
