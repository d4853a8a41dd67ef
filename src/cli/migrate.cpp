#include "cli/command.hpp"
#include "cli/show.hpp"
#include "cli/start_options.hpp"

namespace pgstrata::cli {

Command migrate() {
  struct Given {
    std::string directory;
    MigrateOptions options;
  };
  auto given = std::make_shared<Given>();
  return {.name = "migrate",
          .summary = "Apply the pending migrations of a directory, folded into one step",
          .examples = {"pgstrata migrate migrations/ --url postgresql:///shop",
                       "pgstrata migrate migrations/ --complete  # a development database"},
          .positionals = {{.name = "DIR",
                           .target = &given->directory,
                           .help = "Migrations, in file-name order",
                           .required = true}},
          .options = start_options(given->options),
          .run = [given](const Session& session) {
            const MigrateReport report = session.engine.migrate(given->directory, given->options);
            show_filled(session, report);
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
