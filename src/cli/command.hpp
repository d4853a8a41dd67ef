// A command of the command line as data: what it takes, and the one engine call it makes.
//
// Adding a command: one file with a function that returns a Command, its line in commands().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pgstrata/engine.hpp"
#include "report/watch.hpp"

namespace pgstrata::cli {

// Where an argument's value goes; it must live as long as the Command.
using Target = std::variant<bool*, int*, double*, std::string*, std::optional<std::string>*,
                            std::vector<std::string>*>;

struct Argument {
  std::string name;  // "FILE", "--workers"
  Target target;
  std::string help;
  bool required = false;
  bool hidden = false;
  std::optional<double> at_least;    // numbers
  std::vector<std::string> choices;  // texts; empty: any
};

// What a command runs with. Results go to stdout through show(), everything else to stderr.
struct Session {
  Engine& engine;
  report::Watch& watch;
  bool json = false;

  void show(const std::string& text) const;
};

struct Command {
  std::string name, summary;
  std::vector<std::string> examples;
  std::vector<Argument> positionals, options;
  std::function<Exit(const Session&)> run;
};

Command baseline();
Command complete();
Command control();
Command init();
Command latest();
Command migrate();
Command plan();
Command rollback();
Command start();
Command status();
Command validate();
Command verify();

// In the order of --help.
std::vector<Command> commands();

}  // namespace pgstrata::cli
