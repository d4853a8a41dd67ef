// The options that `start` and `migrate` share.
#pragma once

#include <vector>

#include "cli/command.hpp"

namespace pgstrata::cli {

inline std::vector<Argument> start_options(StartOptions& to) {
  return {{"--complete", &to.complete, "Complete at once: for development databases"},
          {.name = "--workers",
           .target = &to.workers,
           .help = "Connections that fill; by the server's cores and load without it",
           .at_least = 1},
          {.name = "--max-rate",
           .target = &to.max_rate,
           .help = "Fill at most so many rows a second; 0: no limit",
           .at_least = 0},
          {.name = "--max-lag",
           .target = &to.max_lag_mb,
           .help = "Wait while a replica is so many MB behind, default 16; 0: never",
           .at_least = 0},
          {"--accept-functions", &to.accept_functions,
           "The functions that name an affected column have been looked at"},
          {"--fire-user-triggers", &to.fire_user_triggers,
           "The triggers that `plan` names may fire for every row that is filled"},
          {.name = "--kill-after-step",
           .target = &to.kill_after_step,
           .help = "For tests: end like kill -9 after so many steps",
           .hidden = true}};
}

}  // namespace pgstrata::cli
