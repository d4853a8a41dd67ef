#include "cli/command.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace pgstrata::cli {

Command init() {
  return {.name = "init",
          .summary = "Create or upgrade the state schema",
          .examples = {"pgstrata init --url postgresql:///shop"},
          .run = [](const Session& session) {
            const InitReport report = session.engine.init();
            session.show(session.json ? report::json(report) : report::text(report));
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
