// latest: the newest published version, and a connection string that selects it.
#include "engine/latest.hpp"

#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::engine {

namespace {

std::string percent_encoded(const std::string& text) {
  static const char* digits = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~')
      out += static_cast<char>(c);
    else {
      out += '%';
      out += digits[c >> 4];
      out += digits[c & 15];
    }
  }
  return out;
}

// The value of libpq's `options`: a space or a backslash in it is escaped by a backslash.
std::string path_option(const std::string& schema) {
  std::string option = "-csearch_path=";
  for (char c : sql::quote_identifier(schema)) {
    if (c == ' ' || c == '\\') option += '\\';
    option += c;
  }
  return option;
}

}  // namespace

state::VersionRow latest(Session& session) {
  History history = session.history();
  const state::VersionRow* newest = nullptr;
  for (auto& row : history.chain)
    if (row.kind != empty_kind && (row.status == state::Status::live)) newest = &row;
  if (!newest)
    refuse_state("no-version",
                 "schema \"" + session.names.base_schema + "\" has no published version",
                 "run `pgstrata start FILE` first");
  return *newest;
}

std::string url_with_path(const std::string& url, const std::string& schema) {
  std::string option = path_option(schema);
  bool is_uri = url.rfind("postgresql://", 0) == 0 || url.rfind("postgres://", 0) == 0;
  if (url.empty()) return "postgresql:///?options=" + percent_encoded(option);
  if (is_uri)
    return url + (url.find('?') == std::string::npos ? "?" : "&") +
           "options=" + percent_encoded(option);
  std::string quoted;
  for (char c : option) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return url + " options='" + quoted + "'";
}

}  // namespace pgstrata::engine
