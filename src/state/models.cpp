// Models of versions. A version of 10,000 tables has a model of ten megabytes and differs from the
// one before in a few tables: it is read in parts, and written as a change that the server applies.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sql/identifier.hpp"
#include "state/store.hpp"

namespace pgstrata::state {
namespace {

// SQL: the model `from`, changed. Its arguments are SQL too: text, json, json, json.
std::string changed_model(const std::string& head, const std::string& from,
                          const std::string& tables, const std::string& gone) {
  return fmt::format(
      "(left({0}, -1) || ',\"tables\":' || coalesce((\n"
      "  SELECT json_object_agg(t.key, t.value)::text FROM (\n"
      "    SELECT key, value FROM json_each({1} -> 'tables')\n"
      "    WHERE key NOT IN (SELECT json_object_keys({2}))\n"
      "      AND key NOT IN (SELECT json_array_elements_text({3}))\n"
      "    UNION ALL SELECT key, value FROM json_each({2})) t), '{{}}') || '}}')::json",
      head, from, tables, gone);
}

constexpr int tables_at_a_time = 200;

}  // namespace

void Store::set_model(int ordinal, const std::string& model) {
  connection_.execute(
      fmt::format("UPDATE {} SET model = $1 WHERE base_schema = $2 AND ordinal = $3",
                  state_object(names_, "versions")),
      {model.empty() ? std::nullopt : std::optional(model), names_.base_schema,
       std::to_string(ordinal)});
}

void Store::change_model(int ordinal, int from, const std::string& head, const std::string& tables,
                         const std::vector<std::string>& gone) {
  connection_.execute(
      fmt::format("UPDATE {0} AS v SET model = {1}\nFROM {0} AS b WHERE v.base_schema = $4 AND "
                  "v.ordinal = $5 AND b.base_schema = $4 AND b.ordinal = $6",
                  state_object(names_, "versions"),
                  changed_model("$1::text", "b.model", "$2::json", "$3::json")),
      {head, tables, nlohmann::json(gone).dump(), names_.base_schema, std::to_string(ordinal),
       std::to_string(from)});
}

// Of a completion or a rollback, as the run's detail has them; a run that an older release planned
// has them whole.
std::string Store::adopt_models_sql(std::int64_t run) const {
  return fmt::format(
      "UPDATE {0} AS v SET model = CASE WHEN s ->> 'model' IS NOT NULL THEN (s ->> 'model')::json\n"
      "  ELSE {4} END\n"
      "  FROM {1} AS r, pg_catalog.json_array_elements(r.detail -> 'survivors') AS s\n"
      "  WHERE r.id = {2} AND v.base_schema = {3} AND v.ordinal = (s ->> 'ordinal')::int",
      state_object(names_, "versions"), state_object(names_, "runs"), run,
      sql::quote_literal(names_.base_schema),
      changed_model("(s ->> 'head')", "v.model", "(s -> 'tables')", "(s -> 'gone')"));
}

// The head is the first row, so that the server takes the whole model apart once.
std::string Store::read_model(int ordinal, int like, const TakeTable& take) const {
  const std::string versions = state_object(names_, "versions");
  const std::string base = sql::quote_literal(names_.base_schema);
  db::Transaction transaction(
      connection_,
      fmt::format(
          "DECLARE pgstrata_model NO SCROLL CURSOR FOR\n"
          "WITH model AS MATERIALIZED (\n"
          "  SELECT e.* FROM {0} v, json_each(v.model) e\n"
          "  WHERE v.base_schema = {1} AND v.ordinal = {2})\n"
          "SELECT '', json_object_agg(key, value) FROM model WHERE key <> 'tables'\n"
          "UNION ALL\n"
          "SELECT t.key, CASE WHEN p.value::text = t.value::text THEN NULL ELSE t.value END\n"
          "FROM (SELECT e.* FROM model m, json_each(m.value) e WHERE m.key = 'tables') t\n"
          "LEFT JOIN (SELECT e.* FROM {0} v, json_each(v.model -> 'tables') e\n"
          "           WHERE v.base_schema = {1} AND v.ordinal = {3}) p USING (key)",
          versions, base, ordinal, like));
  const std::string fetch = fmt::format("FETCH {} FROM pgstrata_model", tables_at_a_time);
  const std::string head = connection_.execute("FETCH 1 FROM pgstrata_model").text(0, 1);
  for (db::Result rows = connection_.execute(fetch); !rows.empty();
       rows = connection_.execute(fetch))
    for (std::size_t row = 0; row < rows.size(); ++row)
      take(rows.text(row, 0),
           rows.is_null(row, 1) ? std::nullopt : std::optional(rows.text(row, 1)));
  return head;
}

}  // namespace pgstrata::state
