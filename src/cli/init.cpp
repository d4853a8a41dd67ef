#include "cli/command.hpp"
#include "cli/show.hpp"

namespace pgstrata::cli {

Command init() {
  return {.name = "init",
          .summary = "Create or upgrade the state schema",
          .examples = {"pgstrata init --url postgresql:///shop"},
          .run = [](const Session& session) {
            const InitReport report = session.engine.init();
            show(session, report);
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
