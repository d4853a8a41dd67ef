#include <cmath>
#include <cstdlib>

#include "cli/show.hpp"

namespace pgstrata::cli {
namespace {

double number(const std::string& what, const std::string& text, double least) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value) || value < least)
    throw Error(Exit::usage, "usage",
                "control " + what + " takes a number, at least " +
                    std::to_string(static_cast<int>(least)) + " (see pgstrata control --help)");
  return value;
}

ControlChange change_of(const std::string& what, const std::string& value) {
  if (what == "rate") return {.paused = {}, .max_rate = number(what, value, 0), .workers = {}};
  if (what == "workers")
    return {.paused = {}, .max_rate = {}, .workers = static_cast<int>(number(what, value, 1))};
  if (!value.empty())
    throw Error(Exit::usage, "usage",
                "control " + what + " takes no number (see pgstrata control --help)");
  if (what == "status") return {};
  return {.paused = what == "pause", .max_rate = {}, .workers = {}};
}

}  // namespace

Command control() {
  struct Given {
    std::string what, value;
  };
  auto given = std::make_shared<Given>();
  return {.name = "control",
          .summary = "Watch, pause, resume or pace a backfill that runs in another terminal",
          .examples = {"pgstrata control pause --url postgresql:///shop",
                       "pgstrata control rate 50000   # rows a second; 0: no limit",
                       "pgstrata control workers 2"},
          .positionals = {{.name = "WHAT",
                           .target = &given->what,
                           .help = "status, pause, resume, rate or workers",
                           .required = true,
                           .choices = {"status", "pause", "resume", "rate", "workers"}},
                          {.name = "N",
                           .target = &given->value,
                           .help = "For rate: rows a second; for workers: connections that fill"}},
          .run = [given](const Session& session) {
            const ControlReport report =
                session.engine.control(change_of(given->what, given->value));
            show(session, report);
            return Exit::done;
          }};
}

}  // namespace pgstrata::cli
