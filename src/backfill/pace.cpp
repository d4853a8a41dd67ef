#include "backfill/pace.hpp"

#include <algorithm>

namespace pgstrata::backfill {

void BatchSize::took(int pages, Clock::duration span) {
  const double each = std::chrono::duration<double, std::milli>(span).count() / std::max(pages, 1);
  page_ms_ = page_ms_ == 0 ? each : 0.8 * page_ms_ + 0.2 * each;
  aim_ = std::min(1.0, aim_ + 0.002);
  const double wanted = target_ * aim_ / std::max(page_ms_, 0.001);
  const int most = std::max(pages_ + 1, pages_ * 5 / 4);
  pages_ = std::clamp(static_cast<int>(std::min<double>(wanted, limit)), 1, std::min(most, limit));
}

void BatchSize::timed_out() {
  aim_ = std::max(0.3, aim_ * 0.8);
  pages_ = std::max(1, pages_ / 2);
}

void Rate::set(double rows_per_second) {
  const std::lock_guard lock(mutex_);
  rows_per_second_ = rows_per_second;
}

Clock::time_point Rate::after(std::int64_t rows, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (rows_per_second_ <= 0) return now;
  const auto cost = std::chrono::duration<double>(static_cast<double>(rows) / rows_per_second_);
  free_at_ = std::max(free_at_, now) + std::chrono::duration_cast<Clock::duration>(cost);
  return free_at_;
}

double Rate::batch_rows() const {
  const std::lock_guard lock(mutex_);
  constexpr double portion = 0.1;  // of a second
  return rows_per_second_ * portion;
}

bool Foreground::busy(std::int64_t transactions, std::int64_t own, Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - at_).count();
  if (transactions_ >= 0) {
    const auto ours = static_cast<double>(own - own_) / seconds;
    const auto others = static_cast<double>(transactions - transactions_) / seconds - ours;
    // The counters lag by up to a second of ours.
    busy_ = others > few + ours;
  }
  transactions_ = transactions;
  own_ = own;
  at_ = now;
  return busy_;
}

}  // namespace pgstrata::backfill
