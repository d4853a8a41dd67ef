#include "cli/command.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace pgstrata::cli {

Command plan() {
  struct Given {
    std::string file;
    bool sql = false;
  };
  auto given = std::make_shared<Given>();
  return {.name = "plan",
          .summary = "Show what start, complete and rollback would do; change nothing",
          .examples = {"pgstrata plan migrations/002_amount.yaml --url postgresql:///shop",
                       "pgstrata plan migrations/002_amount.yaml --sql > 002.sql"},
          .positionals = {{.name = "FILE",
                           .target = &given->file,
                           .help = "The migration, YAML or JSON",
                           .required = true}},
          .options = {{"--sql", &given->sql, "The SQL alone, commented"}},
          .run = [given](const Session& session) {
            if (given->sql && session.json)
              throw Error(Exit::usage, "usage", "--sql and --json exclude each other");
            const PlanReport report = session.engine.plan(given->file);
            session.show(given->sql     ? report::sql(report)
                         : session.json ? report::json(report)
                                        : report::text(report));
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
