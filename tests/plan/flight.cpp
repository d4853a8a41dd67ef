#define BOOST_TEST_DYN_LINK
#include "flight.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "migration/apply.hpp"
#include "migration/document.hpp"
#include "model/from_catalog.hpp"

namespace pgstrata::plan {
namespace {

// Every physical column, index and constraint of the version is in the catalog from now on.
void make(const model::Version& version, catalog::Snapshot& snapshot) {
  for (auto& [logical, table] : version.tables) {
    auto [entry, created] =
        snapshot.tables.try_emplace(table.physical, test::table(table.physical));
    catalog::Table& base = entry->second;
    for (auto& column : table.columns) {
      if (base.column(column.physical)) continue;
      catalog::Column made;
      made.name = column.physical;
      made.type = column.type;
      made.not_null = column.not_null;
      base.columns.push_back(made);
    }
    if (table.marked && !base.column(model::marker)) {
      catalog::Column made;
      made.name = model::marker;
      made.type = "smallint";
      base.columns.push_back(made);
    }
    for (auto& index : table.indexes) {
      if (base.index(index.physical)) continue;
      catalog::Index made;
      made.name = index.physical;
      base.indexes.push_back(made);
      snapshot.other_relations.push_back(index.physical);
    }
    auto constrain = [&](const std::string& name) {
      if (base.constraint(name)) return;
      catalog::Constraint made;
      made.name = name;
      base.constraints.push_back(made);
    };
    for (auto& check : table.checks) constrain(check.physical);
    for (auto& key : table.foreign_keys) constrain(key.physical);
  }
}

}  // namespace

Flight::Flight(catalog::Snapshot base) : snapshot_(std::move(base)) {
  chain_.push_back(model::version_from_catalog(snapshot_, 1, "v1", "public_v1"));
}

std::vector<Step> Flight::start(const std::string& operations) {
  return start_document("m.yaml", "operations:\n" + operations);
}

std::vector<Step> Flight::start_document(const std::string& file, const std::string& content) {
  const int ordinal = chain_.back().ordinal + 1;
  const std::string name = "v" + std::to_string(ordinal);
  model::Draft draft(chain_.back(), snapshot_, binder_, ordinal, name, "public_" + name);
  const Chain older(chain_.begin(), chain_.end() - 1);
  if (!older.empty()) draft.beside(older);
  migration::apply(migration::parse(file, content), draft);
  model::Version next = draft.finish();
  auto steps = plan_start(around(), chain_, next);
  make(next, snapshot_);
  chain_.push_back(std::move(next));
  return steps;
}

Outcome Flight::rollback() const {
  return plan_rollback(around(), chain_, std::nullopt);
}

Outcome Flight::complete() const {
  return plan_complete(around(), chain_);
}

std::string text(const std::vector<Step>& steps) {
  std::ostringstream out;
  int number = 0;
  for (const Step& step : steps) {
    out << "==== " << ++number << ". " << step.phase << ": " << step.title << "\n";
    out << "     " << to_string(step.kind);
    if (!step.lock.empty()) out << ", " << step.lock;
    if (step.scans) out << ", scans";
    if (step.rewrites) out << ", writes every row";
    out << "\n     " << step.reason << "\n";
    for (auto& lock : step.locks)
      out << "     LOCK " << lock.schema << "." << lock.table << " IN " << lock.mode << " MODE\n";
    for (auto& statement : step.statements) out << statement << ";\n";
    out << "\n";
  }
  return out.str();
}

void compare_with_golden(const std::string& file, const std::string& actual) {
  const std::string path = std::string(PGSTRATA_SOURCE_DIR) + "/tests/plan/golden/" + file;
  const char* mode = std::getenv("PGSTRATA_GOLDEN");
  if (mode != nullptr && std::string(mode) == "write") std::ofstream(path) << actual;
  std::stringstream expected;
  expected << std::ifstream(path).rdbuf();
  BOOST_TEST(actual == expected.str(),
             file << " differs; PGSTRATA_GOLDEN=write takes what is planned now");
}

}  // namespace pgstrata::plan
