#include "cli/command.hpp"
#include "cli/show.hpp"
#include "cli/start_options.hpp"

namespace pgstrata::cli {

namespace {

std::vector<Argument> options_of(MigrateOptions& to) {
  std::vector<Argument> options = start_options(to);
  options.push_back({"--stack", &to.stack, "Publish each migration as a version of its own"});
  options.push_back({"--to", &to.to, "The last migration to apply, by its file's name"});
  return options;
}

}  // namespace

Command migrate() {
  struct Given {
    std::string directory;
    MigrateOptions options;
  };
  auto given = std::make_shared<Given>();
  return {.name = "migrate",
          .summary = "Apply the pending migrations of a directory, folded into one version",
          .examples = {"pgstrata migrate migrations/ --url postgresql:///shop",
                       "pgstrata migrate migrations/ --stack --to 004_index  # a version each",
                       "pgstrata migrate migrations/ --complete  # a development database"},
          .positionals = {{.name = "DIR",
                           .target = &given->directory,
                           .help = "Migrations, in file-name order",
                           .required = true}},
          .options = options_of(given->options),
          .run = [given](const Session& session) {
            const MigrateReport report = session.engine.migrate(given->directory, given->options);
            show_filled(session, report);
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
