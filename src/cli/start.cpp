#include "cli/command.hpp"
#include "cli/show.hpp"
#include "cli/start_options.hpp"

namespace pgstrata::cli {

Command start() {
  struct Given {
    std::string file;
    StartOptions options;
  };
  auto given = std::make_shared<Given>();
  return {.name = "start",
          .summary = "Publish the version that a migration describes, beside the one before",
          .examples =
              {"pgstrata start migrations/002_amount.yaml --url postgresql:///shop --workers 2"},
          .positionals = {{.name = "FILE",
                           .target = &given->file,
                           .help = "The migration, YAML or JSON",
                           .required = true}},
          .options = start_options(given->options),
          .run = [given](const Session& session) {
            const StartReport report = session.engine.start(given->file, given->options);
            show_filled(session, report);
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
