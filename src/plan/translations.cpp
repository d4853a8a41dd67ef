#include "plan/translations.hpp"

#include <algorithm>

#include "model/names.hpp"
#include "plan/elements.hpp"
#include "plan/user_triggers.hpp"

namespace pgstrata::plan {

using model::Translation;
using model::Version;
using sql::format;
using sql::join;

namespace {

// A function in the support schema that gives one expression over a table's columns.
struct Function {
  const std::string& name;
  const std::vector<std::string>& parameters;  // logical columns of `table`
  const model::Table& table;                   // of the version whose shape the expression sees
  const sql::Expression& expression;
  const std::string& type;
  std::string comment;
};

const model::Column& parameter(const Function& function, std::size_t i) {
  return *function.table.column(function.parameters[i]);
}

Sql signature(const Surroundings& around, const Function& function) {
  std::vector<Sql> types;
  for (std::size_t i = 0; i < function.parameters.size(); ++i)
    types.push_back(Sql::trusted(parameter(function, i).type));
  return format("{}({})", Qualified{around.support_schema, function.name}, join(types, ", "));
}

Sql volatility(const sql::Expression& expression) {
  if (expression.reads_tables && expression.volatility == sql::Volatility::immutable)
    return Sql::trusted("STABLE");
  switch (expression.volatility) {
    case sql::Volatility::immutable:
      return Sql::trusted("IMMUTABLE");
    case sql::Volatility::stable:
      return Sql::trusted("STABLE");
    default:
      return Sql::trusted("VOLATILE");
  }
}

// $n, not the parameter's name: an inner query may have a column of that name. A parameter has lost
// its column's collation, so each use says it again.
Sql body(const Function& function) {
  return function.expression.rewrite([&](const std::string& column) {
    auto at = std::find(function.parameters.begin(), function.parameters.end(), column) -
              function.parameters.begin();
    const std::string& collation = parameter(function, static_cast<std::size_t>(at)).collation;
    Sql use = format("${}", at + 1);
    return collation.empty() ? use : format("({} COLLATE {})", use, Sql::trusted(collation));
  });
}

std::vector<std::string> create(const Surroundings& around, const Function& function) {
  std::vector<Sql> parameters;
  for (std::size_t i = 0; i < function.parameters.size(); ++i)
    parameters.push_back(
        format("{} {}", Name(function.parameters[i]), Sql::trusted(parameter(function, i).type)));
  Sql definer = function.expression.needs_definer()
                    ? format("\n  SECURITY DEFINER SET search_path = pg_catalog, {}, pg_temp",
                             Name(around.base_schema))
                    : Sql();
  Sql name = signature(around, function);
  return {
      format("CREATE FUNCTION {}({}) RETURNS {}\n  LANGUAGE sql {}{}\n  RETURN {}",
             Qualified{around.support_schema, function.name}, join(parameters, ", "),
             Sql::trusted(function.type), volatility(function.expression), definer, body(function))
          .str(),
      format("COMMENT ON FUNCTION {} IS {}", name, Literal(function.comment)).str(),
      format("GRANT EXECUTE ON FUNCTION {} TO PUBLIC", name).str()};
}

std::string drop(const Surroundings& around, const Function& function) {
  return format("DROP FUNCTION IF EXISTS {}", signature(around, function)).str();
}

Function function_of(const Version& version, const Version& before, const Translation& link) {
  return {link.function,
          link.parameters,
          *(link.up ? before : version).physical_table(link.table),
          link.expression,
          link.type,
          "translation across version " + version.name + ": " + link.title};
}

const std::string boolean = "boolean";

Function function_of(const Version& version, const model::Rule& rule) {
  return {rule.function,
          rule.parameters,
          *version.physical_table(rule.table),
          rule.condition,
          boolean,
          "check " + rule.name + " of version " + version.name + ", for its writers only"};
}

}  // namespace

std::vector<std::string> create_translation(const Surroundings& around, const Version& version,
                                            const Version& before, const Translation& link) {
  return create(around, function_of(version, before, link));
}

std::string drop_translation(const Surroundings& around, const Version& version,
                             const Version& before, const Translation& link) {
  return drop(around, function_of(version, before, link));
}

std::vector<std::string> create_rule(const Surroundings& around, const Version& version,
                                     const model::Rule& rule) {
  return create(around, function_of(version, rule));
}

std::string drop_rule(const Surroundings& around, const Version& version, const model::Rule& rule) {
  return drop(around, function_of(version, rule));
}

Sql call_translation(const Surroundings& around, const Translation& link) {
  std::vector<Sql> arguments;
  for (auto& input : link.inputs) arguments.push_back(format("{}", Name(input)));
  return format("{}({})", Qualified{around.support_schema, link.function}, join(arguments, ", "));
}

namespace {

// `column`, or `(column)::type` however often, between types of pg_catalog, whose casts are strict.
bool keeps_null(const Translation& link, const model::Table& shape) {
  const sql::Expression& expression = link.expression;
  if (expression.references.size() != 1) return false;
  const sql::ColumnReference& only = expression.references.front();
  const model::Column* input = shape.column(only.column);
  if (!input || input->type.str().find('.') != std::string::npos) return false;
  const std::string before = expression.text.substr(0, only.begin);
  const std::string after = expression.text.substr(only.end);
  if (before.find_first_not_of('(') != std::string::npos || before.empty() != after.empty() ||
      !(after.empty() || after.starts_with(")::")))
    return false;
  std::size_t casts = 0;
  for (auto at = after.find(")::"); at != std::string::npos; at = after.find(")::", at + 1))
    ++casts;
  // PostgreSQL prints keywords in capitals and names of other schemas with a dot.
  return casts == before.size() &&
         after.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789 ,()[]:") ==
             std::string::npos;
}

// What the oldest live version demands of its columns is native.
void add_columns(SyncTable& sync, const Version& version, const model::Table& table) {
  const bool oldest = sync.versions.size() == 1;
  for (const model::Column& column : table.columns) {
    auto known = std::find_if(sync.columns.begin(), sync.columns.end(),
                              [&](auto& c) { return c.name == column.physical; });
    if (known == sync.columns.end())
      sync.columns.push_back({.name = column.physical,
                              .lo = version.ordinal,
                              .hi = version.ordinal,
                              .image_equality = column.image_equality,
                              .type = Sql::trusted(column.type),
                              .not_null = oldest && column.not_null,
                              .identity = column.identity && column.identity_of.empty()});
    else
      known->hi = version.ordinal;
  }
}

void add_links(SyncTable& sync, const Surroundings& around, const Version& version,
               const model::Table& table, const model::Table* before) {
  for (const Translation& link : version.translations)
    if (link.table == sync.table)
      sync.links.push_back(
          {.boundary = version.ordinal,
           .up = link.up,
           .output = link.output,
           .inputs = link.inputs,
           .function = format("{}", Qualified{around.support_schema, link.function}),
           .reason = link.title,
           .keeps_null = (!link.up || before) && keeps_null(link, link.up ? *before : table)});
}

// The trigger runs under the writer's search_path: a check is called by a function that is bound
// already.
Sql condition_of(const Surroundings& around, const model::Table& table, const model::Rule& rule) {
  if (rule.function.empty()) return prefixed_expression(table, rule.condition, "NEW.");
  std::vector<Sql> arguments;
  for (auto& input : rule.inputs) arguments.push_back(format("NEW.{}", Name(input)));
  return format("{}({})", Qualified{around.support_schema, rule.function}, join(arguments, ", "));
}

void add_rules(SyncTable& sync, const Surroundings& around, const Version& version,
               const model::Table& table) {
  for (const model::Rule& rule : version.rules)
    if (rule.table == sync.table)
      sync.rules.push_back({.from = version.ordinal,
                            .constraint = rule.name,
                            .column = rule.column,
                            .inputs = rule.inputs,
                            .condition = condition_of(around, table, rule)});
}

// A filled NOT NULL column stands on a check until completion; writers of its version get the error
// that PostgreSQL gives for NOT NULL, in their names.
void add_not_null(SyncTable& sync, const Version& version, const model::Table& table) {
  for (const Translation& link : version.translations) {
    if (!link.up || link.table != sync.table) continue;
    const model::Column* column = table.physical_column(link.output);
    if (column && column->not_null)
      sync.rules.push_back({.from = version.ordinal,
                            .constraint = {},
                            .column = column->name,
                            .inputs = {column->physical},
                            .condition = format("NEW.{} IS NOT NULL", Name(column->physical))});
  }
}

}  // namespace

SyncTable standing_sync(const Surroundings& around, const std::string& physical,
                        const std::string& stem, bool paired, const std::string& in_catalog) {
  SyncTable sync;
  sync.base_schema = around.base_schema;
  sync.table = physical;
  sync.support_schema = around.support_schema;
  sync.stem = stem;
  sync.pair = paired;
  place_around(sync, triggers_of(around, in_catalog));
  return sync;
}

SyncTable sync_table(const Surroundings& around, const Chain& chain, const std::string& physical,
                     bool filling, const std::string& in_catalog) {
  SyncTable sync =
      standing_sync(around, physical, {}, false, in_catalog.empty() ? physical : in_catalog);
  sync.marker = model::marker;
  sync.filling = filling;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const Version& version = chain[i];
    const model::Table* table = version.physical_table(physical);
    if (!table) continue;  // nobody writes it through this version
    sync.versions.push_back(
        {.ordinal = version.ordinal, .name = version.name, .schema = version.schema});
    if (sync.versions.size() == 1) sync.oldest_unmarked = table->inner_view.empty();
    if (table->marked) sync.stem = table->sync;
    sync.pair |= table->paired;
    add_columns(sync, version, *table);
    if (i > 0) {
      add_links(sync, around, version, *table, chain[i - 1].physical_table(physical));
      add_not_null(sync, version, *table);
    }
    // The oldest version's own rules bind everybody from the moment it is the oldest, until they
    // are native.
    add_rules(sync, around, version, *table);
  }
  return sync;
}

}  // namespace pgstrata::plan
