// Errors and exit codes.
//
// Every failure that reaches a user is a pgstrata::Error: one sentence that says what is wrong,
// where, and what to do, a stable code for machines, and the process exit code it maps to. Plain
// value types; safe to copy between threads.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace pgstrata {

// Exit codes of the command line, distinct by what the caller can do about it.
enum class Exit : int {
  done = 0,          // done, or already in the asked state
  failure = 1,       // a defect of ours; never expected
  usage = 2,         // the command line is wrong
  migration = 3,     // the migration document is invalid or asks for what cannot be held
  state = 4,         // the state of the database forbids it
  locks = 5,         // gave up on locks; run the same command again
  connection = 6,    // no connection, or a privilege is missing
  data = 7,          // existing data violates a rule of the migration
  interrupted = 130  // stopped by a signal; run the same command again
};

class Error : public std::runtime_error {
 public:
  // `code` is a stable kebab-case word ("unknown-key"); `message` a sentence without trailing
  // newline; `where` is "file:line:column" or an object's name, empty if neither applies.
  Error(Exit exit, std::string code, std::string message, std::string where = {},
        std::string hint = {})
      : std::runtime_error(where.empty() ? message : where + ": " + message),
        exit_(exit),
        code_(std::move(code)),
        message_(std::move(message)),
        where_(std::move(where)),
        hint_(std::move(hint)) {}

  Exit exit() const { return exit_; }
  const std::string& code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& where() const { return where_; }
  const std::string& hint() const { return hint_; }  // what to do; may be empty

 private:
  Exit exit_;
  std::string code_, message_, where_, hint_;
};

}  // namespace pgstrata
