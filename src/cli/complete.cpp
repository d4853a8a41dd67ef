#include "cli/command.hpp"
#include "cli/show.hpp"

namespace pgstrata::cli {

Command complete() {
  struct Given {
    std::optional<std::string> version;
    CompleteOptions options;
  };
  auto given = std::make_shared<Given>();
  return {.name = "complete",
          .summary = "Retire the oldest version and its columns",
          .examples = {"pgstrata complete --url postgresql:///shop", "pgstrata complete 001_init",
                       "pgstrata complete --through 003_status"},
          .positionals = {{"VERSION", &given->version,
                           "The version that goes; required where three or more are live"}},
          .options = {{"--through", &given->options.through,
                       "Retire the oldest versions, up to this one and with it"},
                      {"--all", &given->options.all, "Retire all versions but the newest"},
                      {"--skip-on-complete", &given->options.skip_on_complete,
                       "Finish without the onComplete SQL that has failed; the journal keeps it"},
                      {.name = "--kill-after-step",
                       .target = &given->options.kill_after_step,
                       .help = "For tests: end like kill -9 after so many steps",
                       .hidden = true}},
          .run = [given](const Session& session) {
            const CompleteReport report = session.engine.complete(given->version, given->options);
            show(session, report);
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
