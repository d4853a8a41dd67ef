#include <iostream>

#include "cli/command.hpp"
#include "report/json.hpp"

namespace pgstrata::cli {

Command latest() {
  auto what = std::make_shared<std::string>();
  return {.name = "latest",
          .summary = "Print the newest version's schema, name, or a URL that selects it",
          .examples = {"psql \"$(pgstrata latest url --url postgresql:///shop)\"",
                       "export PGOPTIONS=\"-c search_path=$(pgstrata latest schema)\""},
          .positionals = {{.name = "WHAT",
                           .target = what.get(),
                           .help = "schema, migration or url",
                           .required = true,
                           .choices = {"schema", "migration", "url"}}},
          .run = [what](const Session& session) {
            const std::string value = *what == "schema"      ? session.engine.latest_schema()
                                      : *what == "migration" ? session.engine.latest_migration()
                                                             : session.engine.latest_url();
            session.show(session.json ? report::json(*what, value) : value);
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
