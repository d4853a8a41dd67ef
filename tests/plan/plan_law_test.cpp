// Laws that every plan keeps, over migrations drawn at random (design laws 5 to 8). A failure
// prints its seed and the document: PGSTRATA_SEED=<seed> runs it again first.
#define BOOST_TEST_DYN_LINK
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>

#include "flight.hpp"
#include "model/names.hpp"
#include "pgstrata/error.hpp"
#include "plan/elements.hpp"
#include "random_migration.hpp"
#include "statement_facts.hpp"

namespace pgstrata::plan {
namespace {

constexpr int migrations = 150;

// Of so many that PostgreSQL's answers to all they ask are recorded.
unsigned first_seed() {
  const char* given = std::getenv("PGSTRATA_SEED");
  if (given) return static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  return std::random_device{}() % 2000;
}

// A start that was not refused: the documents so far and the steps of the last one.
struct Case {
  const Flight& flight;
  const std::vector<Step>& start;
};

// Runs `law` after every accepted start, with up to three live versions.
void for_random_migrations(const std::function<void(const Case&)>& law) {
  const unsigned seed = first_seed();
  int accepted = 0;
  for (unsigned i = 0; accepted < migrations && i < 20 * migrations; ++i) {
    RandomMigration random(seed + i);
    Flight flight(random.base());
    std::string documents;
    for (int version = 0; version < 2; ++version) {
      const std::string document = random.document(flight.chain().back());
      std::vector<Step> steps;
      try {
        steps = flight.start_document("m.json", document);
      } catch (const Error& error) {
        BOOST_REQUIRE_MESSAGE(error.exit() == Exit::migration,
                              "PGSTRATA_SEED=" << seed + i << ": " << error.what());
        break;
      }
      documents += document + "\n";
      BOOST_TEST_CONTEXT("PGSTRATA_SEED=" << seed + i << "\n" << documents) law({flight, steps});
      ++accepted;
    }
  }
  BOOST_TEST(accepted >= migrations, "too few of the drawn migrations are accepted; seed " << seed);
}

std::vector<std::vector<Step>> all_plans(const Case& given) {
  return {given.start, given.flight.rollback().steps, given.flight.complete().steps};
}

// The SQL outside strings, comments and quoted names.
std::string bare_words(const std::string& sql) {
  std::string words;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '\'' || sql[i] == '"')
      i = sql.find(sql[i], i + 1);
    else if (sql.compare(i, 2, "--") == 0)
      i = sql.find('\n', i);
    else
      words += sql[i];
    if (i == std::string::npos) break;
  }
  return words;
}

// Table → mode, of one attempt. A lock follows its table through a rename.
class Held {
 public:
  explicit Held(const Step& step) {
    if (step.kind != StepKind::attempt) return;
    for (const StepLock& lock : step.locks) modes_[lock.schema + "." + lock.table] = lock.mode;
  }
  bool allows(const std::string& table, const std::string& mode) const {
    const auto held = modes_.find(table);
    return held != modes_.end() && (held->second == mode || held->second == "ACCESS EXCLUSIVE");
  }
  void rename(const std::string& from, const std::string& to) {
    if (auto node = modes_.extract(from)) {
      node.key() = to;
      modes_.insert(std::move(node));
    }
  }

 private:
  std::map<std::string, std::string> modes_;
};

void check_locks(const std::vector<Step>& plan) {
  std::set<std::string> own;  // tables the plan itself makes: nobody can wait for them
  for (const Step& step : plan) {
    Held held(step);
    for (const std::string& statement : step.statements) {
      const StatementFacts facts = facts_of(statement);
      for (auto& added : facts.adds)
        if (added.starts_with("table ")) own.insert(added.substr(6));
      for (auto& [table, mode] : facts.locks)
        BOOST_TEST((held.allows(table, mode) || own.count(table)),
                   mode << " on " << table << " is not locked by step \"" << step.title
                        << "\": " << statement);
      held.rename(facts.renamed.first, facts.renamed.second);
    }
  }
}

std::set<std::string> added_by(const std::vector<Step>& plan) {
  std::set<std::string> added;
  for (const Step& step : plan)
    for (auto& statement : step.statements)
      for (auto& object : facts_of(statement).adds) added.insert(object);
  return added;
}

std::set<std::string> dropped_by(const std::vector<Step>& plan) {
  std::set<std::string> dropped;
  for (const Step& step : plan)
    for (auto& statement : step.statements)
      for (auto& object : facts_of(statement).drops) dropped.insert(object);
  return dropped;
}

// What goes because the table or column it is part of goes; the support schema stays for the next
// start.
std::set<std::string> goes_along(const std::set<std::string>& dropped,
                                 const model::Version& version) {
  std::set<std::string> along = {"schema pgstrata_public", "schema " + version.schema};
  for (auto& [logical, table] : version.tables) {
    const std::string name = "public." + table.physical;
    const bool whole = dropped.count("table " + name) > 0;
    for (auto& column : table.columns) {
      if (!whole && !dropped.count("column " + name + "." + column.physical)) continue;
      along.insert("constraint " + name + "." + not_null_proof(column));
      if (column.owned_sequence) {
        std::string sequence = *column.owned_sequence;
        std::erase(sequence, '"');
        along.insert("sequence " + sequence);
      }
    }
    if (!whole) continue;
    for (auto& index : table.indexes) along.insert("index public." + index.physical);
    for (auto& key : table.foreign_keys) along.insert("constraint " + name + "." + key.physical);
  }
  return along;
}

std::size_t place(const std::vector<Step>& plan, const std::function<bool(const Step&)>& is) {
  return static_cast<std::size_t>(std::ranges::find_if(plan, is) - plan.begin());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_laws)

BOOST_AUTO_TEST_CASE(no_strong_lock_is_taken_outside_an_attempt_that_names_its_table) {
  for_random_migrations([](const Case& given) {
    for (auto& plan : all_plans(given)) check_locks(plan);
  });
}

// Two tables and more in one unit starve under load; only a foreign key needs two.
BOOST_AUTO_TEST_CASE(a_unit_holds_one_strong_lock_unless_it_is_about_a_foreign_key) {
  for_random_migrations([](const Case& given) {
    for (auto& plan : all_plans(given))
      for (const Step& step : plan) {
        const bool key = step.title.find("foreign key") != std::string::npos;
        BOOST_TEST(step.locks.size() <= (key ? 2u : 1u), step.title);
      }
  });
}

BOOST_AUTO_TEST_CASE(nothing_is_dropped_by_cascade) {
  for_random_migrations([](const Case& given) {
    for (auto& plan : all_plans(given))
      for (const Step& step : plan)
        for (auto& statement : step.statements) BOOST_TEST(!facts_of(statement).cascade, statement);
  });
}

BOOST_AUTO_TEST_CASE(a_name_that_needs_quotes_has_them) {
  for_random_migrations([](const Case& given) {
    for (auto& plan : all_plans(given))
      for (const Step& step : plan)
        for (auto& statement : step.statements)
          for (const char* name : {"Gr", "Two", "Words", "Order", "Lines"})
            BOOST_TEST(bare_words(statement).find(name) == std::string::npos, statement);
  });
}

BOOST_AUTO_TEST_CASE(a_rollback_drops_what_the_start_added_and_nothing_else) {
  for_random_migrations([](const Case& given) {
    const model::Version& version = given.flight.chain().back();
    const auto plan = given.flight.rollback().steps;
    const auto added = added_by(given.start), dropped = dropped_by(plan);
    const auto along = goes_along(dropped, version);
    for (auto& object : added)
      BOOST_TEST((dropped.count(object) || along.count(object)), object << " stays behind");
    std::set<std::string> ours = added;
    ours.insert("schema " + hidden_schema_name("pgstrata_public", version));
    ours.insert("schema " + version.schema);
    for (auto& rule : version.rules)
      ours.insert("constraint public." + rule.table + "." + rule.helper);
    for (auto& object : dropped) {
      // Dropped and issued again where a boundary below has links; a table needs not both of them.
      if (object.starts_with("trigger ") || object.starts_with("function pgstrata_public.sync_"))
        continue;
      BOOST_TEST(ours.count(object), object << " was not made by the start");
    }
  });
}

BOOST_AUTO_TEST_CASE(nothing_is_demanded_of_a_twin_before_it_is_filled) {
  for_random_migrations([](const Case& given) {
    std::set<std::string> filled;
    std::size_t last_fill = 0;
    for (std::size_t i = 0; i < given.start.size(); ++i) {
      if (!given.start[i].fill) continue;
      last_fill = i;
      for (auto& assignment : given.start[i].fill->assignments)
        filled.insert("column public." + given.start[i].fill->table + "." + assignment.column);
    }
    for (std::size_t i = 0; i < given.start.size(); ++i)
      for (auto& statement : given.start[i].statements) {
        const StatementFacts facts = facts_of(statement);
        for (auto& object : facts.adds)
          BOOST_TEST(!(facts.strict_column && filled.count(object)),
                     statement << " binds a column that is still to be filled");
        BOOST_TEST((!facts.proves || i > last_fill || filled.empty()),
                   statement << " comes before the fill");
      }
  });
}

BOOST_AUTO_TEST_CASE(every_filled_column_has_one_pass_over_its_table) {
  for_random_migrations([](const Case& given) {
    std::set<std::string> tables, outputs;
    for (const Step& step : given.start) {
      if (!step.fill) continue;
      BOOST_TEST(tables.insert(step.fill->table).second, "a second pass over " << step.fill->table);
      BOOST_TEST(step.fill->newest == given.flight.chain().back().ordinal);
      for (auto& assignment : step.fill->assignments)
        outputs.insert(step.fill->table + "." + assignment.column);
    }
    for (auto& link : given.flight.chain().back().translations)
      if (link.up)
        BOOST_TEST(outputs.count(link.table + "." + link.output) == 1u,
                   link.output << " is not filled");
  });
}

BOOST_AUTO_TEST_CASE(triggers_are_steady_before_the_version_appears_and_nothing_comes_after) {
  for_random_migrations([](const Case& given) {
    const std::size_t publish =
        place(given.start, [](auto& step) { return step.kind == StepKind::publish; });
    BOOST_TEST(publish == given.start.size() - 1);
    std::set<std::string> steady;
    for (const Step& step : given.start)
      if (step.phase == "steady") steady.insert(step.locks.at(0).table);
    for (auto& [logical, table] : given.flight.chain().back().tables)
      BOOST_TEST((steady.count(table.physical) > 0) == table.marked, table.physical);
  });
}

BOOST_AUTO_TEST_CASE(what_runs_outside_a_transaction_is_one_statement_with_a_probe) {
  for_random_migrations([](const Case& given) {
    for (auto& plan : all_plans(given))
      for (const Step& step : plan) {
        BOOST_TEST((step.kind == StepKind::concurrently) == step.index.has_value(), step.title);
        if (step.kind == StepKind::concurrently)
          BOOST_TEST(step.statements.size() == 1u, step.title);
        BOOST_TEST((step.kind == StepKind::attempt) == !step.locks.empty(), step.title);
      }
  });
}

BOOST_AUTO_TEST_CASE(every_step_says_what_and_why_and_survives_the_journal) {
  for_random_migrations([](const Case& given) {
    for (auto& plan : all_plans(given))
      for (const Step& step : plan) {
        BOOST_TEST((!step.phase.empty() && !step.title.empty() && !step.reason.empty()));
        BOOST_TEST((step_from_json(to_json(step)) == step), step.title);
      }
  });
}

BOOST_AUTO_TEST_CASE(after_completion_the_oldest_version_has_its_own_names) {
  for_random_migrations([](const Case& given) {
    const Outcome completion = given.flight.complete();
    BOOST_TEST(completion.survivors.size() == given.flight.chain().size() - 1);
    const model::Version& oldest = completion.survivors.front();
    BOOST_TEST(oldest.translations.empty());
    BOOST_TEST(oldest.rules.empty());
    for (auto& [logical, table] : oldest.tables) {
      BOOST_TEST(table.physical == logical);
      for (auto& column : table.columns) BOOST_TEST(column.physical == column.name);
      for (auto& index : table.indexes) BOOST_TEST(index.physical == index.name);
      for (auto& check : table.checks) BOOST_TEST(check.physical == check.name);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::plan
