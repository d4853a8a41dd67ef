#include <string_view>

#include "db/connection.hpp"

namespace pgstrata::db {
namespace {

std::string sentence(const SqlError::Fields& fields) {
  std::string text = fields.message;
  if (!fields.sqlstate.empty()) text += " (SQLSTATE " + fields.sqlstate + ")";
  if (!fields.detail.empty()) text += "; " + fields.detail;
  return text;
}

}  // namespace

SqlError::SqlError(Fields fields)
    : std::runtime_error(sentence(fields)), fields_(std::move(fields)) {}

bool SqlError::connection_lost() const {
  const std::string_view state = fields_.sqlstate;
  return fields_.in_doubt || state.starts_with("08") || state == "57P01" || state == "57P02" ||
         state == "57P03";
}

bool SqlError::lock_not_available() const {
  return fields_.sqlstate == "55P03";
}

bool SqlError::canceled() const {
  return fields_.sqlstate == "57014";
}

bool SqlError::try_again() const {
  // 57014 says "due to user request" when somebody asked for it, and that is not to be repeated.
  const bool by_timeout = canceled() && fields_.message.find("user request") == std::string::npos;
  return lock_not_available() || by_timeout || fields_.sqlstate == "40001" ||
         fields_.sqlstate == "40P01";
}

}  // namespace pgstrata::db
