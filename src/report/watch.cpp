#include "report/watch.hpp"

#include <fmt/format.h>

#include <chrono>

#include "report/format.hpp"

namespace pgstrata::report {

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Watch::step(int number, int total, const std::string& phase, const std::string& title) {
  step_ = {number, total, phase, one_line(title)};
  last_.reset();
  filling_since_ = now();
  show_step(step_);
}

void Watch::fill(const FillProgress& progress) {
  last_ = progress;
  show_fill(step_, progress);
}

void Watch::step_done(double seconds) {
  if (last_)
    filled_.push_back({last_->table, last_->rows - last_->rows_before, now() - filling_since_});
  show_done(step_, seconds);
}

std::string waiting_text(const std::string& object, const std::vector<std::string>& blockers,
                         double seconds) {
  std::string who;
  for (const std::string& blocker : blockers) who += (who.empty() ? "" : ", ") + one_line(blocker);
  return fmt::format("waiting {}{} for {}", duration(seconds), who.empty() ? "" : " behind " + who,
                     one_line(object));
}

std::string fill_text(const FillProgress& fill) {
  std::string text = fmt::format(
      "{} {}, {}, {} rows/s", one_line(fill.table), percent(fill.pages_done, fill.pages_total),
      plural(fill.rows, "row"), count(static_cast<std::int64_t>(fill.rows_per_second)));
  if (fill.seconds_left >= 0) text += ", ETA " + duration(fill.seconds_left);
  if (fill.workers > 1) text += ", " + plural(fill.workers, "worker");
  if (fill.lock_retries == 1) text += ", 1 lock retry";
  if (fill.lock_retries > 1) text += ", " + count(fill.lock_retries) + " lock retries";
  if (!fill.throttled_by.empty()) text += ", throttled: " + one_line(fill.throttled_by);
  if (!fill.blocked_by.empty()) text += ", blocked by " + one_line(fill.blocked_by);
  return text;
}

}  // namespace pgstrata::report
