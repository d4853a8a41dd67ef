#include "cli/command.hpp"
#include "cli/show.hpp"

namespace pgstrata::cli {

Command status() {
  return {.name = "status",
          .summary = "Show the versions and the command in flight",
          .examples = {"pgstrata status --url postgresql:///shop --json"},
          .run = [](const Session& session) {
            const StatusReport report = session.engine.status();
            show(session, report);
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
