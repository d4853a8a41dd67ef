#include "cli/command.hpp"
#include "cli/show.hpp"

namespace pgstrata::cli {

Command baseline() {
  auto name = std::make_shared<std::string>();
  return {.name = "baseline",
          .summary = "Record the base schema as it is as a version",
          .examples = {"pgstrata baseline v1 --url postgresql:///shop"},
          .positionals = {{.name = "NAME",
                           .target = name.get(),
                           .help = "The version's name",
                           .required = true}},
          .run = [name](const Session& session) {
            const BaselineReport report = session.engine.baseline(*name);
            show(session, report);
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
