#include <unistd.h>

#include <csignal>

#include "engine/executor.hpp"

namespace pgstrata::engine {

std::atomic<bool> interrupted{false};

namespace {

extern "C" void note_signal(int) {
  if (interrupted.exchange(true)) _exit(130);
}

}  // namespace

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;  // libpq's own waits go on; the watchdog cancels what runs
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace pgstrata::engine
