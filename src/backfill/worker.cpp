#include "backfill/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <thread>

#include "backfill/failing_row.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::backfill {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds batch_lock_timeout{5}, batch_statement_timeout{25};
constexpr int tries_to_keep_rows = 10;

bool worth_a_retry(const db::SqlError& error) {
  return error.try_again() || error.canceled();
}

bool rewritten(const db::SqlError& error) {
  return error.sqlstate() == "55000" && error.fields().table == "backfills";
}

}  // namespace

std::string tid(std::int64_t page, int line) {
  return fmt::format("({},{})", page, line);
}

std::optional<Chunk> Shared::next_chunk() {
  const std::lock_guard lock(mutex_);
  if (stop || chunks_.empty()) return {};
  const auto chunk = chunks_.front();
  chunks_.pop_front();
  return chunk;
}

void Shared::give_back(const Chunk& rest) {
  const std::lock_guard lock(mutex_);
  chunks_.push_front(rest);
}

bool Shared::chunks_left() {
  const std::lock_guard lock(mutex_);
  return !chunks_.empty();
}

void Shared::fail(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  stop = true;
}

std::exception_ptr Shared::error() {
  const std::lock_guard lock(mutex_);
  return error_;
}

// A generic plan, as planning would be 3 % of a batch; a ctid range without known bounds must not
// become a sequential scan; policies must fail rather than hide rows. Rows and cursor are lost
// together, so the commit need not wait for the disk.
Worker::Worker(Shared& shared, int number)
    : shared_(shared),
      number_(number),
      connection_(shared.options.connection),
      size_(shared.options.batch_target) {
  connection_.execute(
      "SET synchronous_commit = off; SET plan_cache_mode = force_generic_plan; SET enable_seqscan "
      "= off; "
      "SET row_security = off");
  if (shared.pass.target.fill.silenced)
    connection_.execute("SET session_replication_role = replica");
  usual_limits();
}

// On a busy server even this may take as long as the limit that it is to change.
void Worker::set_limits(milliseconds lock, milliseconds statement) {
  const auto sql = fmt::format("SET statement_timeout = {}; SET lock_timeout = {}",
                               statement.count(), lock.count());
  for (int tries = 1;; ++tries) {
    try {
      connection_.execute(sql);
      return;
    } catch (const db::SqlError& error) {
      if (shared_.stop) throw Stopped{};
      if (!error.canceled() || tries == 100) throw;
    }
  }
}

void Worker::usual_limits() {
  set_limits(batch_lock_timeout, batch_statement_timeout);
}

void Worker::fill_chunks() {
  try {
    while (number_ < shared_.workers) {
      const auto chunk = shared_.next_chunk();
      if (!chunk) break;
      fill_chunk(*chunk);
    }
  } catch (const Stopped&) {
  } catch (...) {
    save_count();
    throw;
  }
  save_count();
}

void Worker::fill_chunk(const Chunk& chunk) {
  for (auto page = chunk.next_page; page < chunk.end_page;) {
    wait_for_leave(free_at_);
    if (number_ >= shared_.workers) return shared_.give_back({chunk.id, page, chunk.end_page});
    const auto end = page + batch_pages(chunk.end_page - page);
    const auto began = Clock::now();
    fill_range(page, end, chunk.id);
    if (const double share = shared_.share; share < 1)
      free_at_ = std::max(free_at_, Clock::now() + rest_after(Clock::now() - began, share));
    shared_.pages_done += end - page;
    page = end;
  }
}

int Worker::batch_pages(std::int64_t most) const {
  auto pages = std::min<std::int64_t>(size_.pages(), most);
  if (const int limit = shared_.batch_pages; limit > 0)
    pages = std::min<std::int64_t>(pages, limit);
  if (const auto rows = shared_.rate.batch_rows(); rows > 0)
    pages = static_cast<std::int64_t>(
        std::min(static_cast<double>(pages), rows / std::max(rows_per_page_, 1.0)));
  return static_cast<int>(std::max<std::int64_t>(pages, 1));
}

void Worker::fill_range(std::int64_t begin, std::int64_t end, int chunk) {
  // Rows that a user's trigger drops can only be told from locked ones by locking first.
  if (shared_.pass.target.fill.check_rows_kept) return skip_range(begin, end, chunk);
  const auto began = Clock::now();
  if (!fill_plainly(begin, end, chunk)) return skip_range(begin, end, chunk);
  size_.took(static_cast<int>(end - begin), Clock::now() - began);
  rows_per_page_ = 0.9 * rows_per_page_ +
                   0.1 * static_cast<double>(uncounted_) / static_cast<double>(end - begin);
}

// False if a lock or a limit stood in the way.
bool Worker::fill_plainly(std::int64_t begin, std::int64_t end, int chunk) {
  try {
    const auto done =
        connection_.execute_prepared("plain", shared_.statements.plain,
                                     {std::to_string(end), std::to_string(chunk), tid(begin),
                                      tid(end), std::to_string(uncounted_)});
    uncounted_ = static_cast<std::int64_t>(done.affected);
    counting_chunk_ = chunk;
    filled(uncounted_);
    return true;
  } catch (const db::SqlError& error) {
    if (rewritten(error)) leave_rewritten();
    if (!worth_a_retry(error))
      raise(connection_, shared_.pass.target, shared_.statements, begin, end, error);
    ++shared_.retries;
    size_.timed_out();
    return false;
  }
}

// The number is told to users; the rows are safe without it.
void Worker::save_count() noexcept {
  if (uncounted_ == 0) return;
  try {
    connection_.execute(shared_.statements.count,
                        {std::to_string(uncounted_), std::to_string(counting_chunk_)});
    uncounted_ = 0;
  } catch (const std::exception&) {
  }
}

void Worker::leave_rewritten() {
  shared_.rewritten = true;
  shared_.stop = true;
  throw Stopped{};
}

void Worker::filled(std::int64_t rows) {
  shared_.rows += rows;
  ++shared_.batches;
  free_at_ = shared_.rate.after(rows, began_, Clock::now());
}

void Worker::skip_range(std::int64_t begin, std::int64_t end, int chunk) {
  if (end - begin == 1) return skip_page(begin, chunk);
  try {
    execute("skip", shared_.statements.skip_locked, end, chunk,
            {tid(begin), tid(end), std::to_string(begin), std::to_string(end)});
  } catch (const db::SqlError& error) {
    if (!worth_a_retry(error))
      raise(connection_, shared_.pass.target, shared_.statements, begin, end, error);
    const auto middle = begin + (end - begin) / 2;
    skip_range(begin, middle, chunk);
    skip_range(middle, end, chunk);
  }
}

// A page has the whole lock budget. What is too slow even so goes row by row in the end; a lock
// that stops it here is on the table, as rows are skipped.
void Worker::skip_page(std::int64_t page, int chunk) {
  const auto begin = tid(page), end = tid(page + 1), first = std::to_string(page),
             after = std::to_string(page + 1);
  auto nap = milliseconds(10);
  for (;;) {
    set_limits(batch_lock_timeout, shared_.options.lock_budget);
    try {
      execute("skip", shared_.statements.skip_locked, page + 1, chunk, {begin, end, first, after});
      break;
    } catch (const db::SqlError& error) {
      if (!worth_a_retry(error))
        raise(connection_, shared_.pass.target, shared_.statements, page, page + 1, error);
      if (error.canceled()) {
        set_limits(batch_lock_timeout, milliseconds(0));
        execute("defer", shared_.statements.defer, page + 1, chunk, {first, after});
        break;
      }
    }
    pause_blocked(nap);
    nap = std::min(nap * 2, milliseconds(200));
  }
  blocked_ = false;
  usual_limits();
}

Worker::Filled Worker::execute(const std::string& name, const std::string& sql,
                               std::int64_t next_page, int chunk, db::Parameters more) {
  db::Parameters parameters{std::to_string(next_page), std::to_string(chunk)};
  parameters.insert(parameters.end(), more.begin(), more.end());
  for (int tries = 1;; ++tries) {
    db::Result result;
    try {
      result = connection_.execute_prepared(name, sql, parameters);
    } catch (const db::SqlError& error) {
      if (worth_a_retry(error)) ++shared_.retries;
      throw;
    }
    if (result.integer(0, 1) == 0) leave_rewritten();
    const Filled done{result.integer(0, 0), result.integer(0, 2), result.integer(0, 3)};
    filled(done.rows);
    if (!shared_.pass.target.fill.check_rows_kept || done.rows >= done.locked) return done;
    if (tries == tries_to_keep_rows) refuse_dropped_rows(done);
  }
}

// A row that a client changed after the batch had begun is locked as it is now and then not found
// by the update, which sees it as it was; a trigger drops it again and again.
void Worker::refuse_dropped_rows(const Filled& done) const {
  throw Error(Exit::data, "trigger-drops-rows",
              fmt::format("a BEFORE UPDATE trigger of the table left {} rows as they were",
                          done.locked - done.rows),
              table_sql(shared_.pass.target.fill),
              "the trigger must let an update of the twin columns pass");
}

// Sleeps off the rate and a pause; throws Stopped when the pass is to end.
void Worker::wait_for_leave(Clock::time_point until) {
  const int changes = shared_.rate.changes();
  for (;;) {
    if (shared_.stop) throw Stopped{};
    const auto now = Clock::now();
    const bool held = shared_.held;
    if (!held && (now >= until || shared_.rate.changes() != changes)) {
      began_ = now;
      return;
    }
    const auto most = now + milliseconds(20);
    std::this_thread::sleep_until(held ? most : std::min(until, most));
  }
}

void Worker::pause_blocked(milliseconds span) {
  thread_local std::minstd_rand engine(std::random_device{}());
  blocked_ = true;
  const double factor = std::uniform_real_distribution<double>(0.5, 1.5)(engine);
  wait_for_leave(Clock::now() + std::chrono::duration_cast<Clock::duration>(span * factor));
}

}  // namespace pgstrata::backfill
