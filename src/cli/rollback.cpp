#include "cli/command.hpp"
#include "cli/show.hpp"

namespace pgstrata::cli {

Command rollback() {
  struct Given {
    std::optional<std::string> version;
    RollbackOptions options;
  };
  auto given = std::make_shared<Given>();
  return {.name = "rollback",
          .summary = "Remove the newest version",
          .examples = {"pgstrata rollback --url postgresql:///shop", "pgstrata rollback 002_amount",
                       "pgstrata rollback --to 001_init"},
          .positionals = {{"VERSION", &given->version,
                           "The version that goes; required where three or more are live"}},
          .options = {{"--to", &given->options.to,
                       "Remove the newest versions until this one is the newest"},
                      {"--skip-sql-down", &given->options.skip_sql_down,
                       "Finish without the `down` SQL that has failed; the journal keeps it"},
                      {.name = "--kill-after-step",
                       .target = &given->options.kill_after_step,
                       .help = "For tests: end like kill -9 after so many steps",
                       .hidden = true}},
          .run = [given](const Session& session) {
            const RollbackReport report = session.engine.rollback(given->version, given->options);
            show(session, report);
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
