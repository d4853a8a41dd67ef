#include "backfill/pace.hpp"

#include <algorithm>

namespace pgstrata::backfill {
namespace {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

void BatchSize::took(int pages, Clock::duration span) {
  const double each = std::chrono::duration<double, std::milli>(span).count() / std::max(pages, 1);
  page_ms_ = page_ms_ == 0 ? each : 0.8 * page_ms_ + 0.2 * each;
  aim_ = std::min(1.0, aim_ + 0.002);
  least_ = std::min<double>(usual, least_ * 1.02);
  const double wanted = std::max(least_, target_ * aim_ / std::max(page_ms_, 0.001));
  const int most = std::max(pages_ + 1, pages_ * 5 / 4);
  pages_ = std::clamp(static_cast<int>(std::min<double>(wanted, limit)), 1, std::min(most, limit));
}

void BatchSize::timed_out() {
  aim_ = std::max(0.3, aim_ * 0.8);
  pages_ = std::max(1, pages_ / 2);
  least_ = std::max(1.0, std::min<double>(least_, pages_));
}

bool Foreground::busy(Counted counted, std::int64_t own, Clock::time_point now) {
  const double seconds = std::max(0.001, std::chrono::duration<double>(now - at_).count());
  if (last_.writing >= 0) {
    const auto ours = static_cast<double>(own - own_);
    const auto writing = static_cast<double>(counted.writing - last_.writing) - ours;
    const bool others = writing > few_writing * seconds || reading(counted.all, own, now);
    calm_ = others ? 0 : calm_ + 1;
  } else {
    window_ = {counted.all, own, now};
  }
  last_ = counted;
  own_ = own;
  at_ = now;
  return calm_ < calm_after;
}

// A session tells the counters of the database once a second, all at once: only a longer span says
// how many there are, and of what a span shows as many as ours again may still be ours.
bool Foreground::reading(std::int64_t all, std::int64_t own, Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - window_.at).count();
  if (seconds < window_seconds) return readers_;
  const auto ours = static_cast<double>(own - window_.own);
  readers_ = static_cast<double>(all - window_.all) > few * seconds + 2 * ours;
  window_ = {all, own, now};
  return readers_;
}

void Courtesy::probed(double milliseconds) {
  constexpr double too_slow = 1.4, fine = 1.2, noise = 0.15;  // noise in ms
  recent_.push_back(milliseconds);
  if (recent_.size() > recent_probes) recent_.erase(recent_.begin());
  if (recent_.size() < recent_probes || !knows_calm()) return;
  if (probe_ms() > too_slow * calm_ms() + noise) {
    share_ = std::max(least, share_ * 0.8);
    recent_.erase(recent_.begin(), recent_.begin() + recent_probes / 2);
  } else if (probe_ms() < fine * calm_ms() + noise) {
    share_ = std::min(most, share_ + 0.02);
  }
}

double Courtesy::calm_ms() const {
  return median(calm_);
}

double Courtesy::probe_ms() const {
  return median(recent_);
}

Clock::duration rest_after(Clock::duration batch, double share) {
  return std::chrono::duration_cast<Clock::duration>(batch * (1 / share - 1));
}

void Rate::set(double rows_per_second) {
  const std::lock_guard lock(mutex_);
  if (rows_per_second_ == rows_per_second) return;
  rows_per_second_ = rows_per_second;
  free_at_ = waited_ = {};
  ++changes_;
}

int Rate::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

Clock::time_point Rate::free_at() const {
  const std::lock_guard lock(mutex_);
  return free_at_;
}

double Rate::limit() const {
  const std::lock_guard lock(mutex_);
  return rows_per_second_;
}

bool Rate::binds(Clock::time_point now) const {
  constexpr auto remembered = std::chrono::seconds(1);
  const std::lock_guard lock(mutex_);
  return rows_per_second_ > 0 &&
         (now < free_at_ || (waited_ != Clock::time_point{} && now - waited_ < remembered));
}

Clock::time_point Rate::after(std::int64_t rows, Clock::time_point began, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (rows_per_second_ <= 0) return now;
  constexpr std::chrono::duration<double> year = std::chrono::years(1);  // no clock has much more
  const auto cost =
      std::min(year, std::chrono::duration<double>(static_cast<double>(rows) / rows_per_second_));
  free_at_ = std::max(free_at_, began) + std::chrono::duration_cast<Clock::duration>(cost);
  if (free_at_ > now) waited_ = now;
  return free_at_;
}

double Rate::batch_rows() const {
  const std::lock_guard lock(mutex_);
  constexpr double portion = 0.1;  // of a second
  return rows_per_second_ * portion;
}

}  // namespace pgstrata::backfill
