#include <charconv>

#include "cli/show.hpp"

namespace pgstrata::cli {
namespace {

constexpr int most_workers = 1000;  // beyond what any server lets in
constexpr double most_rate = 1e15;  // rows/s; beyond what any server writes in a day

template <typename Number>
Number number(const std::string& what, const std::string& text, const std::string& range,
              Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !(value >= least && value <= most))
    throw Error(Exit::usage, "usage",
                "control " + what + " takes " + range + " (see pgstrata control --help)");
  return value;
}

ControlChange change_of(const std::string& what, const std::string& value) {
  if (what == "rate")
    return {.paused = {},
            .max_rate =
                number(what, value, "a number of rows a second, from 0 to 1e15", 0.0, most_rate),
            .workers = {}};
  if (what == "workers")
    return {
        .paused = {},
        .max_rate = {},
        .workers = number(what, value, "a whole number from 1 to " + std::to_string(most_workers),
                          1, most_workers)};
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
