#include "cli/show.hpp"

namespace pgstrata::cli {

Command verify() {
  auto version = std::make_shared<std::optional<std::string>>();
  return {.name = "verify",
          .summary = "Read every row and compare each translated column with its translation",
          .examples = {"pgstrata verify --url postgresql:///shop", "pgstrata verify 002_amount"},
          .positionals = {{.name = "VERSION",
                           .target = version.get(),
                           .help = "Only what this version translates; all live ones without it"}},
          .run = [version](const Session& session) {
            const VerifyReport report = session.engine.verify(*version);
            show(session, report);
            for (const VerifiedColumn& column : report.columns)
              if (column.differing > 0) return Exit::data;
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
