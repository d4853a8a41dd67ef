#include "recorded_binder.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "catalog/read.hpp"
#include "db/connection.hpp"
#include "pgstrata/error.hpp"
#include "sql/references.hpp"

namespace pgstrata::test {
namespace {

using Json = nlohmann::json;

const char* const file = PGSTRATA_SOURCE_DIR "/tests/support/recorded_answers.json";

// What the expressions of the tests read beside the row itself.
const char* const objects = R"sql(
  CREATE SCHEMA IF NOT EXISTS pgstrata_scratch;
  CREATE TABLE IF NOT EXISTS public.rates (currency text, factor numeric);
  CREATE OR REPLACE FUNCTION public.tidy(text) RETURNS text IMMUTABLE LANGUAGE sql
    AS 'SELECT btrim($1)')sql";

struct Server {
  explicit Server(const char* url) : connection({url, "pgstrata test", ""}) {
    connection.execute(objects);
  }
  db::Connection connection;
  catalog::ServerBinder binder{connection, "pgstrata_scratch", "public"};
};

class Memory {
 public:
  static Memory& instance() {
    static Memory memory;
    return memory;
  }

  Json* find(const std::string& kind, const std::string& question,
             const std::function<bool(const Json&)>& fits) {
    for (Json& answer : answers_[kind][question])
      if (fits(answer)) return &answer;
    return nullptr;
  }

  // Asks the server, or fails: `describe` says the question in words.
  Json ask(const std::string& kind, const std::string& question, const std::string& described,
           const std::function<Json(sql::Binder&)>& put) {
    const char* url = std::getenv("PGSTRATA_RECORD_URL");
    if (url == nullptr)
      throw std::logic_error("no recorded answer to: " + described +
                             "; how to record it stands in tests/support/recorded_binder.hpp");
    if (!server_) server_ = std::make_unique<Server>(url);
    Json answer;
    try {
      answer = put(server_->binder);
    } catch (const Error& error) {
      answer = {{"error", {error.code(), error.message(), error.hint()}}};
    }
    answers_[kind][question].push_back(answer);
    std::ofstream(file) << answers_.dump(1) << "\n";
    return answer;
  }

 private:
  Memory() {
    std::ifstream in(file);
    if (in)
      answers_ = Json::parse(in);
    else
      answers_ = Json::object();
  }

  Json answers_;  // kind → question → the answers it got, which differ by row shape
  std::unique_ptr<Server> server_;
};

Json answer_to(const std::string& kind, const std::string& question,
               const std::function<Json(sql::Binder&)>& put) {
  const Json* known = Memory::instance().find(kind, question, [](auto&) { return true; });
  return known ? *known : Memory::instance().ask(kind, question, kind + " " + question, put);
}

void refuse_as_recorded(const Json& answer, const std::string& where) {
  if (auto error = answer.find("error"); error != answer.end())
    throw Error(Exit::migration, error->at(0), error->at(1), where, error->at(2));
}

Json columns_of(const sql::Shape& shape, const std::function<bool(const std::string&)>& wanted) {
  Json columns = Json::array();
  for (const sql::ShapeColumn& column : shape.columns)
    if (wanted(column.name)) columns.push_back({column.name, column.type, column.collation});
  return columns;
}

bool holds_for(const Json& answer, const sql::Shape& shape, const std::string& target) {
  if (answer.at("table") != shape.table || answer.at("target") != target) return false;
  const Json all = columns_of(shape, [](auto&) { return true; });
  if (answer.contains("error")) return answer.at("columns") == all;
  return std::ranges::all_of(answer.at("columns"), [&](const Json& column) {
    return std::ranges::find(all, column) != all.end();
  });
}

Json put_expression(sql::Binder& server, const std::string& source, const sql::Shape& shape,
                    const std::string& target) {
  Json answer = {{"table", shape.table}, {"target", target}};
  try {
    const sql::Expression bound = server.bind(source, shape, target, "");
    const auto inputs = bound.inputs();
    answer["columns"] = columns_of(
        shape, [&](auto& name) { return std::ranges::find(inputs, name) != inputs.end(); });
    answer["text"] = bound.text;
    answer["type"] = bound.type;
    if (!bound.collation.empty()) answer["collation"] = bound.collation;
    answer["volatility"] = static_cast<int>(bound.volatility);
    if (bound.reads_tables) answer["readsTables"] = true;
    if (bound.calls_user_code) answer["callsUserCode"] = true;
    if (bound.session_dependent) answer["sessionDependent"] = true;
    if (bound.can_raise) answer["canRaise"] = true;
  } catch (const Error& error) {
    answer["columns"] = columns_of(shape, [](auto&) { return true; });
    answer["error"] = {error.code(), error.message(), error.hint()};
  }
  return answer;
}

std::string in_words(const std::string& source, const sql::Shape& shape,
                     const std::string& target) {
  std::string text = "the expression  " + source + "  over " + shape.table + "(";
  for (auto& column : shape.columns) text += column.name + " " + column.type + ", ";
  return text + ") as " + (target.empty() ? "it is" : target);
}

}  // namespace

sql::Expression RecordedBinder::bind(const std::string& source, const sql::Shape& shape,
                                     const std::string& target, const std::string& where) {
  Memory& memory = Memory::instance();
  auto fits = [&](const Json& candidate) { return holds_for(candidate, shape, target); };
  const Json* known = memory.find("expressions", source, fits);
  const Json answer = known ? *known
                            : memory.ask("expressions", source, in_words(source, shape, target),
                                         [&](sql::Binder& server) {
                                           return put_expression(server, source, shape, target);
                                         });
  refuse_as_recorded(answer, where);
  sql::Expression bound;
  bound.source = source;
  bound.text = answer.at("text");
  bound.type = answer.at("type");
  bound.collation = answer.value("collation", "");
  bound.references = sql::find_references(bound.text, shape.table);
  bound.volatility = answer.at("volatility").get<sql::Volatility>();
  bound.reads_tables = answer.value("readsTables", false);
  bound.calls_user_code = answer.value("callsUserCode", false);
  bound.session_dependent = answer.value("sessionDependent", false);
  bound.can_raise = answer.value("canRaise", false);
  return bound;
}

sql::BoundType RecordedBinder::type(const std::string& source, const std::string& where) {
  const Json answer = answer_to("types", source, [&](sql::Binder& server) {
    const sql::BoundType type = server.type(source, "");
    return Json{{"type", type.type},
                {"collation", type.collation},
                {"serial", type.serial},
                {"imageEquality", type.image_equality},
                {"domain", type.is_domain}};
  });
  refuse_as_recorded(answer, where);
  return {answer.at("type"), answer.at("collation"), answer.at("serial"),
          answer.at("imageEquality"), answer.at("domain")};
}

bool RecordedBinder::assignable(const std::string& from, const std::string& to) {
  if (from == to) return true;
  return answer_to("assignable", from + " to " + to,
                   [&](sql::Binder& server) {
                     return Json{{"is", server.assignable(from, to)}};
                   })
      .at("is");
}

bool RecordedBinder::lossless(const std::string& from, const std::string& to) {
  if (from == to) return true;
  return answer_to("lossless", from + " to " + to,
                   [&](sql::Binder& server) {
                     return Json{{"is", server.lossless(from, to)}};
                   })
      .at("is");
}

std::string RecordedBinder::collation(const std::string& source, const std::string& where) {
  const Json answer = answer_to("collations", source, [&](sql::Binder& server) {
    return Json{{"is", server.collation(source, "")}};
  });
  refuse_as_recorded(answer, where);
  return answer.at("is");
}

std::string RecordedBinder::operator_class(const std::string& source, const std::string& method,
                                           const std::string& where) {
  const Json answer =
      answer_to("operator classes", method + " " + source, [&](sql::Binder& server) {
        return Json{{"is", server.operator_class(source, method, "")}};
      });
  refuse_as_recorded(answer, where);
  return answer.at("is");
}

}  // namespace pgstrata::test
