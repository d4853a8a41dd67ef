#include <iostream>

#include "cli/command.hpp"
#include "cli/show.hpp"
#include "report/text.hpp"

namespace pgstrata::cli {

Command validate() {
  auto files = std::make_shared<std::vector<std::string>>();
  return {.name = "validate",
          .summary = "Check migrations; bind their expressions where --url is given",
          .examples = {"pgstrata validate migrations/*.yaml"},
          .positionals = {{.name = "FILE",
                           .target = files.get(),
                           .help = "Migrations, YAML or JSON",
                           .required = true}},
          .run = [files](const Session& session) {
            const ValidateReport report = session.engine.validate(*files);
            show(session, report);
            Exit exit = Exit::done;
            for (const ValidatedFile& file : report.files)
              for (const Error& problem : file.problems) {
                if (!session.json) std::cerr << report::text(problem) << std::endl;
                exit = problem.exit();
              }
            return exit;
          }};
}

}  // namespace pgstrata::cli
