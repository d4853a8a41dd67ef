// Leftovers: rows that were locked, or pages that were too slow, when the pass came by.
#include <fmt/format.h>

#include "backfill/failing_row.hpp"
#include "backfill/worker.hpp"

namespace pgstrata::backfill {
namespace {

using std::chrono::milliseconds;

struct Leftover {
  std::int64_t id, begin, end;
};

std::vector<Leftover> leftovers(db::Connection& connection, const Target& target) {
  const auto rows = connection.execute(fmt::format(
      "SELECT id, first_page, end_page FROM {} WHERE run = {} AND sequence = {} ORDER BY "
      "first_page",
      state::state_object(target.names, "backfill_leftovers"), target.run, target.sequence));
  std::vector<Leftover> list;
  for (std::size_t row = 0; row < rows.size(); ++row)
    list.push_back({rows.integer(row, 0), rows.integer(row, 1), rows.integer(row, 2)});
  return list;
}

}  // namespace

void Worker::fill_leftovers() {
  constexpr int rounds = 3;
  try {
    for (int round = 1; round <= rounds; ++round) {
      if (!round_over_leftovers()) return;
      pause_blocked(milliseconds(20 * round));
    }
    // The watcher ends this when nothing moves for the whole budget.
    while (round_over_leftovers()) {
      set_limits(milliseconds(0), milliseconds(0));
      for (const auto& range : leftovers(connection_, shared_.pass.target))
        fill_rows(range.begin, range.end);
    }
  } catch (const Stopped&) {
  }
}

// True if something is left.
bool Worker::round_over_leftovers() {
  bool left = false;
  set_limits(milliseconds(0), milliseconds(0));
  const auto list = leftovers(connection_, shared_.pass.target);
  set_limits(milliseconds(5), shared_.options.lock_budget);
  for (const auto& range : list) {
    wait_for_leave(free_at_);
    try {
      const auto filled = execute("revisit", shared_.statements.revisit, 0, 0,
                                  {tid(range.begin), tid(range.end), std::to_string(range.id)});
      left = left || filled.left > 0;
    } catch (const db::SqlError& error) {
      if (!error.try_again() && !error.canceled())
        raise(connection_, shared_.pass.target, shared_.statements, range.begin, range.end, error);
      left = true;
    }
  }
  if (!left) blocked_ = false;
  return left;
}

void Worker::fill_rows(std::int64_t begin, std::int64_t end) {
  set_limits(milliseconds(0), milliseconds(0));
  const auto rows = connection_.execute(shared_.statements.rows_left, {tid(begin), tid(end)});
  for (std::size_t row = 0; row < rows.size(); ++row) {
    wait_for_leave(free_at_);
    fill_row(rows.text(row, 0));
  }
}

// Alternately: among overlapping FOR SHARE holders only waiting gets a turn, in a queue of FOR
// UPDATE only skipping does. Who waits is first in line for the row, and others queue behind: so
// the whole wait, not only that for each holder, has the lock budget. Who skips may take its time.
void Worker::fill_row(const std::string& ctid) {
  wait_for_rows_ = !wait_for_rows_;
  const auto budget = wait_for_rows_ ? shared_.options.lock_budget : milliseconds(0);
  try {
    set_limits(shared_.options.lock_budget, budget);
    const auto filled =
        wait_for_rows_ ? execute("row waiting", shared_.statements.row_waiting, 0, 0, {ctid})
                       : execute("row skipping", shared_.statements.row_skipping, 0, 0, {ctid});
    blocked_ = filled.rows == 0;
  } catch (const db::SqlError& error) {
    if (!error.try_again() && !error.canceled())
      raise_row(connection_, shared_.pass.target, ctid, error);
    pause_blocked(milliseconds(5));
  }
}

}  // namespace pgstrata::backfill
