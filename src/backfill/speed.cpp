#include "backfill/speed.hpp"

namespace pgstrata::backfill {

void Speed::saw(std::int64_t rows, std::int64_t pages, Clock::time_point now) {
  constexpr auto window = std::chrono::seconds(10);
  samples_.push_back({rows, pages, now});
  while (samples_.size() > 2 && now - samples_.front().at > window) samples_.pop_front();
}

double Speed::span() const {
  return samples_.empty()
             ? 0
             : std::chrono::duration<double>(samples_.back().at - samples_.front().at).count();
}

double Speed::rows_per_second() const {
  if (span() <= 0) return 0;
  return static_cast<double>(samples_.back().rows - samples_.front().rows) / span();
}

double Speed::seconds_left(std::int64_t pages_left) const {
  constexpr double enough = 0.1;
  if (pages_left <= 0) return 0;
  const auto pages = samples_.empty() ? 0 : samples_.back().pages - samples_.front().pages;
  if (span() < enough || pages <= 0) return -1;
  return span() / static_cast<double>(pages) * static_cast<double>(pages_left);
}

}  // namespace pgstrata::backfill
