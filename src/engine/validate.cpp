// validate: are the documents right? Their expressions too, if there is a server to ask.
#include "engine/commands.hpp"
#include "migration/apply.hpp"
#include "migration/document.hpp"
#include "model/from_catalog.hpp"
#include "pgstrata/error.hpp"
#include "sql/syntax.hpp"

namespace pgstrata::engine {

namespace {

// Without a server: each SQL text must at least be one expression of PostgreSQL 15's grammar.
void check_syntax(const migration::Migration& document) {
  auto expression = [](const std::optional<migration::Text>& text) {
    if (text) sql::check_expression_syntax(text->value, text->at.str());
  };
  auto column = [&](const migration::Column& c) {
    sql::check_type_syntax(c.type.value, c.type.at.str());
    expression(c.default_);
    if (c.check) expression(c.check->constraint);
    expression(c.generated_expression);
  };
  for (auto& item : document.operations) {
    if (auto* create = std::get_if<migration::CreateTable>(&item.operation)) {
      for (auto& c : create->columns) column(c);
      for (auto& constraint : create->constraints) expression(constraint.check);
    } else if (auto* add = std::get_if<migration::AddColumn>(&item.operation)) {
      column(add->column);
      expression(add->up);
    } else if (auto* drop = std::get_if<migration::DropColumn>(&item.operation)) {
      expression(drop->down);
    } else if (auto* alter = std::get_if<migration::AlterColumn>(&item.operation)) {
      if (alter->type) sql::check_type_syntax(alter->type->value, alter->type->at.str());
      if (alter->default_) expression(*alter->default_);
      if (alter->check) expression(alter->check->constraint);
      expression(alter->up);
      expression(alter->down);
    } else if (auto* index = std::get_if<migration::CreateIndex>(&item.operation)) {
      expression(index->predicate);
    } else if (auto* raw = std::get_if<migration::RawSql>(&item.operation)) {
      migration::check_statements(*raw);
    } else if (auto* later = std::get_if<migration::Unsupported>(&item.operation)) {
      throw Error(Exit::migration, "not-supported",
                  "operation '" + later->operation + "' is not supported yet", item.at.str());
    }
  }
  migration::is_raw_sql(document);
}

// While a completion is unfinished, the tables are not what any version says.
History settled_history(Session& session) {
  History history = session.history();
  if (history.unfinished && history.unfinished->command == "complete") refuse_unfinished(history);
  return history;
}

// Binds one document after the other, each over the shape that those before it leave.
class Binding {
 public:
  Binding(Session& session)
      : session_(session),
        history_(settled_history(session)),
        snapshot_(session.snapshot(history_)),
        binder_(session.binder(snapshot_)) {
    if (history_.chain.empty())
      shape_ = model::version_from_catalog(snapshot_, 1, "baseline", "baseline");
    else
      shape_ = session.models(history_.chain).back();
  }

  void check(const migration::Migration& document) {
    for (auto& row : history_.all)
      for (auto& applied : row.documents)
        if (applied.name == document.name && row.status != state::Status::rolled_back)
          return;  // applied: nothing to bind
    if (migration::is_raw_sql(document)) return;
    model::Draft draft(shape_, snapshot_, binder_, shape_.ordinal + 1, document.name,
                       session_.version_schema(document.name, document.file));
    migration::apply(document, draft);
    model::Version next = draft.finish();
    next.translations.clear();
    next.rules.clear();
    shape_ = std::move(next);
  }

 private:
  Session& session_;
  History history_;
  catalog::Snapshot snapshot_;
  catalog::ServerBinder binder_;
  model::Version shape_;
};

}  // namespace

ValidateReport validate(const Options& options, const std::vector<std::string>& files,
                        Progress& progress) {
  ValidateReport report;
  std::unique_ptr<Session> session;
  std::unique_ptr<Binding> binding;
  if (!options.url.empty()) {
    session = std::make_unique<Session>(options, "validate", progress);
    binding = std::make_unique<Binding>(*session);
    report.bound = true;
  }
  for (const std::string& file : files) {
    ValidatedFile result{
        .file = file, .version = {}, .version_schema = {}, .operations = 0, .problems = {}};
    try {
      migration::Migration document = migration::read_file(file);
      result.version = document.name;
      result.version_schema = options.schema + "_" + document.name;
      result.operations = static_cast<int>(document.operations.size());
      if (result.version_schema.size() > sql::max_identifier_bytes)
        throw Error(
            Exit::migration, "name-too-long",
            "the version schema \"" + result.version_schema + "\" would have more than 63 bytes",
            file, "shorten the file's name");
      if (binding)
        binding->check(document);
      else
        check_syntax(document);
    } catch (const Error& error) {
      if (error.exit() != Exit::migration) throw;
      result.problems.push_back(error);
    }
    report.files.push_back(std::move(result));
  }
  return report;
}

}  // namespace pgstrata::engine
