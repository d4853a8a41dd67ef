#include <fmt/format.h>

#include "engine/step_runner.hpp"

namespace pgstrata::engine {
namespace {

std::string server_text(const db::SqlError::Fields& fields) {
  auto text = fmt::format("{} (SQLSTATE {})", fields.message, fields.sqlstate);
  if (!fields.detail.empty()) text += "; " + fields.detail;
  return text;
}

Error data_error(const db::SqlError::Fields& fields, const plan::Step& step,
                 const std::string& command) {
  const auto rule = fields.constraint.empty() ? std::string()
                                              : fmt::format(" (constraint {})", fields.constraint);
  return Error(Exit::data, fields.sqlstate == "23505" ? "duplicate-key" : "data-violates-rule",
               fmt::format("existing data violates a rule of the migration{}: {}", rule,
                           server_text(fields)),
               step.title,
               command == "start" ? "mend the rows, or change the migration"
                                  : "mend the rows, then run the same command again");
}

// The first line of the statement that says something.
std::string excerpt(const plan::Step& step) {
  constexpr std::size_t limit = 120;
  if (step.statements.empty()) return {};
  const auto& text = step.statements.back();
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  auto line = text.substr(begin, text.find('\n', begin) - begin);
  if (line.size() <= limit) return line;
  auto cut = limit;
  while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80) --cut;
  return line.substr(0, cut) + " …";
}

// Statements of the migration's own that always fail must not hold a run up for ever.
std::string way_out(const plan::Step& step) {
  const auto either = [](const std::string& command, const std::string& flag) {
    return fmt::format(
        "mend what it complains about and run `pgstrata {0}` again, or leave this SQL out with "
        "`pgstrata {0} {1}`",
        command, flag);
  };
  if (step.phase == "onComplete") return either("complete", "--skip-on-complete");
  if (step.phase == "rollback") return either("rollback", "--skip-sql-down");
  return {};
}

}  // namespace

Error step_error(const db::SqlError& error, const plan::Step& step, const std::string& command) {
  const auto& fields = error.fields();
  const std::string_view state = fields.sqlstate;
  const bool server_refused = state.starts_with("53") || state.starts_with("54") ||
                              state.starts_with("57") || state.starts_with("58");
  if (error.connection_lost())
    return Error(Exit::connection, "connection-lost",
                 fields.in_doubt
                     ? "the connection was lost while committing; the journal knows whether it did"
                     : "the connection was lost: " + fields.message,
                 step.title, "run the same command again; what is done stays done");
  if (state == "55000" && fields.table == "runners")
    return Error(Exit::state, "another-runner", fields.message, step.title,
                 fields.hint.empty() ? "the other command goes on instead" : fields.hint);
  if (state == "55000" && fields.table == "pg_trigger")
    return Error(Exit::state, "trigger-changed", fields.message, step.title, fields.hint);
  if (error.try_again())
    return Error(Exit::locks, "lock-budget", server_text(fields), step.title,
                 "run the same command again");
  if (step.kind == plan::StepKind::user_sql && !server_refused)
    return Error(Exit::migration, sql_failed,
                 fmt::format("{} in: {}", server_text(fields), excerpt(step)), step.title,
                 way_out(step));
  if (state == "42501")
    return Error(Exit::connection, "privilege", server_text(fields), step.title,
                 "the role must own the tables and have CREATE on the database and the schema");
  if (server_refused)
    return Error(Exit::connection, "server-refused", server_text(fields), step.title,
                 "run the same command again");
  const bool counts_rows = step.kind == plan::StepKind::validate && state.starts_with("22");
  if (state.starts_with("23") || counts_rows) return data_error(fields, step, command);
  // The plan was tried and journaled, so what it names was there. A start also evaluates what the
  // migration says for rows; it is undone at once.
  if (command == "start")
    return Error(Exit::migration, "step-failed", server_text(fields), step.title);
  return Error(Exit::state, "drift", server_text(fields), step.title,
               "what the step names was changed by hand since it was planned: take that change "
               "back, then run the same command again");
}

void throw_interrupted() {
  throw Error(Exit::interrupted, "interrupted", "stopped; the same command resumes");
}

}  // namespace pgstrata::engine
