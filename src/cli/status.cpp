#include "cli/command.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace pgstrata::cli {

Command status() {
  return {.name = "status",
          .summary = "Show the versions and the command in flight",
          .examples = {"pgstrata status --url postgresql:///shop --json"},
          .run = [](const Session& session) {
            const StatusReport report = session.engine.status();
            session.show(session.json ? report::json(report) : report::text(report));
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
