#include "backfill/throttle.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstrata::backfill {
namespace {

std::string megabytes(double bytes) {
  return fmt::format("{:.0f} MB", bytes / (1024 * 1024));
}

// Stops above the limit and goes on below half of it.
bool stops(bool stopped, double value, double limit) {
  return limit > 0 && value > (stopped ? limit / 2 : limit);
}

}  // namespace

std::string Throttle::lagging(const Signals& signals) {
  if (archived_before_ < 0) archived_before_ = signals.unarchived;
  lags_ = stops(lags_, signals.lag, limits_.lag);
  unarchived_ = stops(unarchived_, signals.unarchived - archived_before_, limits_.unarchived);
  if (lags_) return fmt::format("replica lag {} ({})", megabytes(signals.lag), signals.replica);
  if (unarchived_) return fmt::format("the archiver is {} behind", megabytes(signals.unarchived));
  return {};
}

Orders Throttle::decide(const Signals& signals, std::int64_t own, bool rated,
                        Clock::time_point now) {
  constexpr auto remembered = std::chrono::seconds(1);
  Orders orders;
  busy_ = foreground_.busy(signals.transactions, own, now) && !rated;
  if (!busy_) courtesy_ = {};
  orders.reason = lagging(signals);
  orders.hold = !orders.reason.empty();
  if (orders.hold) return orders;
  if (busy_) {
    orders.pages = Courtesy::pages;
    if (!courtesy_.knows_calm()) {
      orders.hold = true;
      orders.reason = "clients are at work: finding out what their commits take without the fill";
      return orders;
    }
    orders.share = courtesy_.share();
    orders.reason = fmt::format(
        "clients are at work: {:.0f} % of the time (a commit takes {:.1f} ms, {:.1f} ms without)",
        100 * orders.share, courtesy_.probe_ms(), courtesy_.calm_ms());
  }
  if (signals.waiting > 0) waited_ = now;
  if (waited_ != Clock::time_point{} && now - waited_ < remembered) {
    orders.pages = Courtesy::pages;
    if (orders.reason.empty())
      orders.reason = fmt::format("{} waiting for rows of a batch: smaller batches",
                                  signals.waiting == 1 ? "a client was" : "clients were");
  }
  return orders;
}

}  // namespace pgstrata::backfill
