// The command line and the environment, read.
#pragma once

#include <optional>
#include <vector>

#include "cli/command.hpp"

namespace pgstrata::cli {

struct Invocation {
  Options options;
  bool progress_json = false;
  bool json = false, verbose = false;
  const Command* command = nullptr;  // into the given commands, whose targets are set
};

// Empty if --help or --version was asked for and printed. Throws Error(Exit::usage).
std::optional<Invocation> parse(int argc, const char* const* argv,
                                const std::vector<Command>& commands);

// --json or PGSTRATA_JSON, also where the rest of the command line is wrong.
bool wants_json(int argc, const char* const* argv);

}  // namespace pgstrata::cli
