#include "plan/translations.hpp"

#include <algorithm>

#include "model/names.hpp"
#include "plan/elements.hpp"

namespace pgstrata::plan {

using model::Translation;
using model::Version;
using sql::format;
using sql::join;

namespace {

Sql trusted(const std::string& text) { return Sql::trusted(text); }

// The columns an expression reads: those of the version whose shape it sees.
const model::Column& parameter(const Version& shape, const Translation& link, std::size_t i) {
  return *shape.physical_table(link.table)->physical_column(link.inputs[i]);
}

const Version& shape_of(const Version& version, const Version& before, const Translation& link) {
  return link.up ? before : version;
}

Sql signature(const Surroundings& around, const Version& shape, const Translation& link) {
  std::vector<Sql> types;
  for (std::size_t i = 0; i < link.inputs.size(); ++i) types.push_back(trusted(parameter(shape, link, i).type));
  return format("{}({})", Qualified{around.support_schema, link.function}, join(types, ", "));
}

Sql volatility(const sql::Expression& expression) {
  if (expression.reads_tables && expression.volatility == sql::Volatility::immutable) return trusted("STABLE");
  switch (expression.volatility) {
    case sql::Volatility::immutable: return trusted("IMMUTABLE");
    case sql::Volatility::stable: return trusted("STABLE");
    default: return trusted("VOLATILE");
  }
}

}  // namespace

std::vector<std::string> create_translation(const Surroundings& around, const Version& version, const Version& before,
                                            const Translation& link) {
  const Version& shape = shape_of(version, before, link);
  std::vector<Sql> parameters;
  for (std::size_t i = 0; i < link.inputs.size(); ++i)
    parameters.push_back(format("{} {}", Name(link.parameters[i]), trusted(parameter(shape, link, i).type)));
  // $n, not the parameter's name: an inner query may have a column of that name. A parameter has lost its
  // column's collation, so each use says it again.
  Sql body = link.expression.rewrite([&](const std::string& column) {
    auto at = std::find(link.parameters.begin(), link.parameters.end(), column) - link.parameters.begin();
    const std::string& collation = parameter(shape, link, static_cast<std::size_t>(at)).collation;
    Sql use = format("${}", at + 1);
    return collation.empty() ? use : format("({} COLLATE {})", use, trusted(collation));
  });
  Sql definer = link.expression.needs_definer()
                    ? format("\n  SECURITY DEFINER SET search_path = pg_catalog, {}, pg_temp", Name(around.base_schema))
                    : Sql();
  Sql function = signature(around, shape, link);
  return {
      format("CREATE FUNCTION {}({}) RETURNS {}\n  LANGUAGE sql {}{}\n  RETURN {}",
             Qualified{around.support_schema, link.function}, join(parameters, ", "), trusted(link.type),
             volatility(link.expression), definer, body).str(),
      format("COMMENT ON FUNCTION {} IS {}", function,
             Literal("translation across version " + version.name + ": " + link.title)).str(),
      format("GRANT EXECUTE ON FUNCTION {} TO PUBLIC", function).str(),
  };
}

std::string drop_translation(const Surroundings& around, const Version& version, const Version& before,
                             const Translation& link) {
  return format("DROP FUNCTION IF EXISTS {}", signature(around, shape_of(version, before, link), link)).str();
}

Sql call_translation(const Surroundings& around, const Translation& link) {
  std::vector<Sql> arguments;
  for (auto& input : link.inputs) arguments.push_back(format("{}", Name(input)));
  return format("{}({})", Qualified{around.support_schema, link.function}, join(arguments, ", "));
}

namespace {

void add_columns(SyncTable& sync, const Version& version, const model::Table& table) {
  for (const model::Column& column : table.columns) {
    auto known = std::find_if(sync.columns.begin(), sync.columns.end(), [&](auto& c) { return c.name == column.physical; });
    if (known == sync.columns.end())
      sync.columns.push_back({.name = column.physical, .lo = version.ordinal, .hi = version.ordinal,
                              .image_equality = column.image_equality, .type = trusted(column.type)});
    else
      known->hi = version.ordinal;
  }
}

void add_links(SyncTable& sync, const Surroundings& around, const Version& version) {
  for (const Translation& link : version.translations)
    if (link.table == sync.table)
      sync.links.push_back({.boundary = version.ordinal, .up = link.up, .output = link.output, .inputs = link.inputs,
                            .function = format("{}", Qualified{around.support_schema, link.function}), .reason = link.title});
}

void add_rules(SyncTable& sync, const Version& version, const model::Table& table) {
  for (const model::Rule& rule : version.rules)
    if (rule.table == sync.table)
      sync.rules.push_back({.from = version.ordinal, .constraint = rule.name, .column = rule.column, .inputs = rule.inputs,
                            .condition = prefixed_expression(table, rule.condition, "NEW.")});
}

}  // namespace

SyncTable sync_table(const Surroundings& around, const Chain& chain, const std::string& physical, bool filling) {
  SyncTable sync;
  sync.base_schema = around.base_schema;
  sync.table = physical;
  sync.support_schema = around.support_schema;
  sync.marker = model::marker;
  sync.filling = filling;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const Version& version = chain[i];
    sync.versions.push_back({.ordinal = version.ordinal, .name = version.name, .schema = version.schema});
    const model::Table* table = version.physical_table(physical);
    if (!table) continue;
    add_columns(sync, version, *table);
    if (i > 0) add_links(sync, around, version);
    // The oldest version's own rules bind everybody from the moment it is the oldest, until they are native.
    add_rules(sync, version, *table);
  }
  return sync;
}

}  // namespace pgstrata::plan
