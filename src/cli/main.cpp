// The command line: read, run one command, say how it ended.
#include <unistd.h>

#include <exception>
#include <iostream>

#include "cli/parse.hpp"
#include "engine/executor.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace pgstrata::cli {

void Session::show(const std::string& text) const {
  watch.clear();
  std::cout << text << std::endl;
}

std::vector<Command> commands() {
  return {init(),   validate(), plan(),     start(),  complete(), rollback(),
          status(), migrate(),  baseline(), latest(), control(),  verify()};
}

namespace {

std::unique_ptr<report::Watch> watch(const Invocation& invocation) {
  report::WatchOptions options{.verbose = invocation.verbose};
  if (invocation.progress_json) options.quiet_seconds = 1;
  if (invocation.json || invocation.progress_json) return report::watch_json(std::cerr, options);
  if (isatty(STDERR_FILENO) != 0) return report::watch_terminal(std::cerr, options);
  return report::watch_plain(std::cerr, options);
}

int fail(const Error& error, bool json) {
  std::cerr << (json ? report::json(error) : report::text(error)) << std::endl;
  return static_cast<int>(error.exit());
}

int run(int argc, char** argv) {
  const std::vector<Command> known = commands();
  const auto invocation = parse(argc, argv, known);
  if (!invocation) return 0;
  engine::watch_signals();
  // Destroyed before an error is printed: the terminal's progress line is gone by then.
  const auto progress = watch(*invocation);
  Engine engine(invocation->options, *progress);
  return static_cast<int>(invocation->command->run({engine, *progress, invocation->json}));
}

}  // namespace

}  // namespace pgstrata::cli

int main(int argc, char** argv) {
  using pgstrata::Error, pgstrata::Exit;
  const bool json = pgstrata::cli::wants_json(argc, argv);
  try {
    return pgstrata::cli::run(argc, argv);
  } catch (const Error& error) {
    return pgstrata::cli::fail(error, json);
  } catch (const std::exception& error) {
    return pgstrata::cli::fail(Error(Exit::failure, "internal", error.what(), "",
                                     "This is a defect of pgstrata; please report it."),
                               json);
  }
}
