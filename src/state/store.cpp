// Versions, and the texts that others compose. Runs and steps: journal.cpp. What concerns running
// backfills: control.cpp.
#include "state/store.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"
#include "state/schema.hpp"

namespace pgstrata::state {
namespace {

constexpr std::array<std::pair<Status, const char*>, 6> statuses{{
    {Status::starting, "starting"},
    {Status::live, "live"},
    {Status::retiring, "retiring"},
    {Status::retired, "retired"},
    {Status::rolling_back, "rolling_back"},
    {Status::rolled_back, "rolled_back"},
}};

Status status_from(const std::string& word) {
  for (const auto& [status, name] : statuses)
    if (word == name) return status;
  throw Error(Exit::failure, "unreadable-state",
              "a version has the unknown status \"" + word + "\"");
}

std::string documents_json(const std::vector<AppliedDocument>& documents) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& document : documents)
    list.push_back(
        {{"name", document.name}, {"hash", document.hash}, {"content", document.content}});
  return list.dump();
}

std::vector<AppliedDocument> documents_from(const std::string& text) {
  std::vector<AppliedDocument> documents;
  for (const auto& entry : nlohmann::json::parse(text))
    documents.push_back({entry.at("name"), entry.at("hash"), entry.at("content")});
  return documents;
}

std::optional<std::string> or_null(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

VersionRow version_from(const db::Result& rows, std::size_t row) {
  VersionRow version;
  version.ordinal = static_cast<int>(rows.integer(row, 0));
  version.name = rows.text(row, 1);
  version.schema = rows.text(row, 2);
  version.status = status_from(rows.text(row, 3));
  version.kind = rows.text(row, 4);
  version.documents = documents_from(rows.text(row, 5));
  version.model = rows.text_or(row, 6, "");
  version.fingerprint = rows.text_or(row, 7, "");
  version.created_at = rows.text_or(row, 8, "");
  version.published_at = rows.text_or(row, 9, "");
  version.ended_at = rows.text_or(row, 10, "");
  return version;
}

std::string iso(const char* column) {
  return fmt::format("to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')", column);
}

}  // namespace

std::string to_string(Status status) {
  for (const auto& [candidate, name] : statuses)
    if (candidate == status) return name;
  throw Error(Exit::failure, "unknown-status", "a version has a status without a name");
}

bool is_ended(Status status) {
  return status == Status::retired || status == Status::rolled_back;
}

std::string state_object(const Names& names, const std::string& object) {
  return sql::format("{}", sql::Qualified{names.state_schema, object}).str();
}

std::string assert_runner_sql(const Names& names, std::int64_t token) {
  return fmt::format("{}({}, {}, {})", state_object(names, "assert_runner"),
                     sql::quote_literal(names.base_schema), token, current_schema_version());
}

std::string assert_batch_sql(const Names& names, std::int64_t token, std::int64_t table,
                             std::int64_t filenode) {
  return fmt::format("{}({}, {}, {}, {}, {})", state_object(names, "assert_batch"),
                     sql::quote_literal(names.base_schema), token, current_schema_version(), table,
                     filenode);
}

Store::Store(db::Connection& connection, Names names)
    : connection_(connection), names_(std::move(names)) {}

bool Store::exists() const {
  return installed() > 0;
}

int Store::installed() const {
  if (installed_ < current_schema_version()) {
    try {
      installed_ = installed_schema_version(connection_, names_);
    } catch (const db::SqlError& error) {
      if (error.sqlstate() == "42501") refuse_foreign_schema();
      throw;
    }
    refuse_newer(installed_, names_);
  }
  return installed_;
}

void Store::refuse_foreign_schema() const {
  const auto owner = connection_.execute(
      "SELECT pg_get_userbyid(nspowner), current_user FROM pg_namespace WHERE nspname = $1",
      {names_.state_schema});
  throw Error(Exit::connection, "privilege",
              fmt::format("the state schema \"{}\" belongs to role \"{}\", and role \"{}\" may not "
                          "use it",
                          names_.state_schema, owner.text(0, 0), owner.text(0, 1)),
              {}, "run as that role, or give it with --role");
}

bool Store::ensure() {
  installed();  // says what is in the way
  const bool changed = install_schema(connection_, names_);
  installed_ = current_schema_version();
  return changed;
}

std::vector<VersionRow> Store::versions() const {
  const char* head =
      installed() < 5
          ? "(SELECT json_object_agg(key, value) FROM json_each(model) WHERE key <> 'tables')"
          : "model";
  const auto rows = connection_.execute(
      fmt::format("SELECT ordinal, name, schema, status, kind, documents, "
                  "CASE WHEN status NOT IN ('retired', 'rolled_back') THEN {} END, "
                  "fingerprint, {}, {}, {} FROM {} WHERE base_schema = $1 ORDER BY ordinal",
                  head, iso("created_at"), iso("published_at"), iso("ended_at"),
                  state_object(names_, "versions")),
      {names_.base_schema});
  std::vector<VersionRow> versions;
  for (std::size_t row = 0; row < rows.size(); ++row) versions.push_back(version_from(rows, row));
  return versions;
}

void Store::insert_version(const VersionRow& row) {
  // A version that is live from the start (a baseline) is published by its insertion.
  connection_.execute(
      fmt::format("INSERT INTO {} (base_schema, ordinal, name, schema, status, kind, documents, "
                  "fingerprint, published_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
                  "CASE WHEN $5 = 'live' THEN now() END)",
                  state_object(names_, "versions")),
      {names_.base_schema, std::to_string(row.ordinal), row.name, row.schema, to_string(row.status),
       row.kind, documents_json(row.documents), or_null(row.fingerprint)});
}

std::string Store::set_status_sql(int ordinal, Status status) const {
  const char* stamp = "";
  if (status == Status::live)
    stamp = ", published_at = coalesce(published_at, pg_catalog.clock_timestamp())";
  const bool ended = status == Status::retired || status == Status::rolled_back;
  if (ended) stamp = ", ended_at = pg_catalog.clock_timestamp()";
  const std::string which = fmt::format("WHERE base_schema = {} AND ordinal = {}",
                                        sql::quote_literal(names_.base_schema), ordinal);
  std::string text =
      fmt::format("UPDATE {} SET status = {}{}\n  {}", state_object(names_, "versions"),
                  sql::quote_literal(to_string(status)), stamp, which);
  if (is_ended(status))
    text += fmt::format("\n;\nDELETE FROM {} {}", state_object(names_, "models"), which);
  return text;
}

void Store::set_status(int ordinal, Status status) {
  connection_.execute(set_status_sql(ordinal, status));
}

std::string Store::mark_done_sql(std::int64_t run, int sequence) const {
  return fmt::format(
      "UPDATE {} SET done_at = pg_catalog.clock_timestamp() WHERE run = {} AND sequence = {}",
      state_object(names_, "steps"), run, sequence);
}

std::string Store::fence_sql(std::int64_t token) const {
  return "SELECT " + assert_runner_sql(names_, token);
}

}  // namespace pgstrata::state
