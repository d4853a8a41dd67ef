// The only user of CLI11.
#include "cli/parse.hpp"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>

#ifndef PGSTRATA_VERSION
#define PGSTRATA_VERSION "unversioned"
#endif

namespace pgstrata::cli {

namespace {

constexpr const char* footer = R"(
Global options stand before or after the command. Without --url, libpq's own environment rules
(PGHOST, PGDATABASE, PGSERVICE, …).

Exit codes: 0 done or already in the asked state, 2 usage, 3 invalid migration, 4 the state forbids
it, 5 gave up on locks (run it again), 6 connection or privilege, 7 data violates a rule,
130 interrupted (run it again).)";

void bind(CLI::App& app, const Argument& argument) {
  CLI::Option* option = std::visit(
      [&](auto* target) {
        if constexpr (std::is_same_v<decltype(target), bool*>)
          return app.add_flag(argument.name, *target, argument.help);
        else
          return app.add_option(argument.name, *target, argument.help);
      },
      argument.target);
  if (argument.required) option->required();
  if (argument.hidden) option->group("");
  if (argument.at_least)
    option->check([least = *argument.at_least](const std::string& text) -> std::string {
      double value = 0;
      if (CLI::detail::lexical_cast(text, value) && value >= least && std::isfinite(value))
        return "";
      return "must be a number, at least " + std::to_string(static_cast<int>(least));
    });
  if (!argument.choices.empty()) option->check(CLI::IsMember(argument.choices));
}

void bind_globals(CLI::App& app, Invocation& to) {
  app.add_option("--url", to.options.url, "Database: libpq URL or \"key=value …\"")
      ->envname("PGSTRATA_URL");
  app.add_option("--schema", to.options.schema, "Base schema: where the tables are")
      ->envname("PGSTRATA_SCHEMA")
      ->capture_default_str();
  app.add_option("--state-schema", to.options.state_schema, "Where pgstrata keeps its own tables")
      ->envname("PGSTRATA_STATE_SCHEMA")
      ->capture_default_str();
  app.add_option("--lock-timeout", to.options.lock_timeout_ms,
                 "Milliseconds a client may have to wait behind one of our locks")
      ->envname("PGSTRATA_LOCK_TIMEOUT")
      ->check(CLI::Range(1, 60000, "milliseconds"))
      ->capture_default_str();
  app.add_option("--role", to.options.role, "SET ROLE after connecting")->envname("PGSTRATA_ROLE");
  app.add_flag("--json", to.json, "One JSON document on stdout, progress as JSON lines on stderr")
      ->envname("PGSTRATA_JSON");
  app.add_option_function<std::string>(
         "--progress", [&to](const std::string&) { to.progress_json = true; },
         "json: progress as JSON lines on stderr, each second; the result stays as it is")
      ->check(CLI::IsMember({"json"}));
  app.add_flag("--verbose", to.verbose, "Every step with the time it took")
      ->envname("PGSTRATA_VERBOSE");
}

std::string examples(const Command& command) {
  std::string text = "\nExample:";
  for (const std::string& example : command.examples) text += "\n  " + example;
  return text + "\n\nGlobal options (--url, --schema, --json, …): pgstrata --help";
}

// The first word that is not an option and not an option's value.
std::optional<std::string> unknown_command(const CLI::App& app,
                                           const std::vector<Command>& commands) {
  for (const std::string& word : app.remaining()) {
    if (word.starts_with("-")) continue;
    for (const Command& command : commands)
      if (command.name == word) return {};
    return word;
  }
  return {};
}

[[noreturn]] void refuse(const std::string& what, const std::string& command) {
  const std::string help = command.empty() ? "pgstrata --help" : "pgstrata " + command + " --help";
  throw Error(Exit::usage, "usage", what + " (see " + help + ")");
}

std::string names_of(const std::vector<Command>& commands) {
  std::string names;
  for (const Command& command : commands) names += (names.empty() ? "" : ", ") + command.name;
  return names;
}

// The first word that names a command. CLI11 would take a later one for a command too, but a
// version may be called "baseline".
std::optional<std::string> chosen_of(int argc, const char* const* argv,
                                     const std::vector<Command>& commands) {
  CLI::App app;
  Invocation ignored;
  app.allow_extras();
  app.set_help_flag();
  bind_globals(app, ignored);
  for (const Command& command : commands) app.add_subcommand(command.name)->prefix_command();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError&) {
    return {};  // the full parse says what is wrong
  }
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? std::nullopt : std::optional(chosen.front()->get_name());
}

}  // namespace

std::optional<Invocation> parse(int argc, const char* const* argv,
                                const std::vector<Command>& commands) {
  const auto chosen_name = chosen_of(argc, argv, commands);
  CLI::App app{"Several application versions, each with its own shape of one PostgreSQL database.",
               "pgstrata"};
  Invocation invocation;
  app.fallthrough();
  app.allow_extras();
  app.set_version_flag("--version", "pgstrata " PGSTRATA_VERSION);
  app.footer(footer);
  bind_globals(app, invocation);
  std::map<CLI::App*, const Command*> known;
  for (const Command& command : commands) {
    if (chosen_name && command.name != *chosen_name) continue;
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    sub->allow_extras(false);
    sub->footer(examples(command));
    for (const Argument& argument : command.positionals) bind(*sub, argument);
    for (const Argument& argument : command.options) bind(*sub, argument);
    known[sub] = &command;
  }

  std::string current;
  try {
    app.parse(argc, argv);
    if (const auto chosen = app.get_subcommands(); !chosen.empty()) {
      invocation.command = known.at(chosen.front());
      current = invocation.command->name;
    }
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error);
      return {};
    }
    if (const auto chosen = app.get_subcommands(); !chosen.empty())
      current = chosen.front()->get_name();
    refuse(error.what(), current);
  }
  if (const auto word = unknown_command(app, commands); word && current.empty())
    throw Error(Exit::usage, "usage", "there is no command \"" + *word + "\"", {},
                "commands: " + names_of(commands) + "; see pgstrata --help");
  if (const auto extras = app.remaining(true); !extras.empty())
    refuse("\"" + extras.front() + "\" was not expected", current);
  if (!invocation.command) refuse("a command is required", "");
  return invocation;
}

bool wants_json(int argc, const char* const* argv) {
  for (int at = 1; at < argc; ++at)
    if (std::string_view(argv[at]) == "--json") return true;
  const char* variable = std::getenv("PGSTRATA_JSON");
  return variable != nullptr &&
         (std::string_view(variable) == "1" || std::string_view(variable) == "true");
}

}  // namespace pgstrata::cli
