#include "backfill/overseer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pgstrata/error.hpp"

namespace pgstrata::backfill {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds look{20}, report_every{200}, ask_control{500}, patience{1000},
    look_at_signals{250}, probe_every{100}, calm_lasts{20'000}, tell_every{1000};

}  // namespace

Overseer::Overseer(db::Connection& connection, Shared& shared, report::Progress& progress)
    : connection_(connection),
      shared_(shared),
      progress_(progress),
      store_(connection, shared.pass.target.names),
      throttle_(shared.options.limits),
      moved_(Clock::now()),
      told_all_(moved_) {}

void Overseer::fill_chunks() {
  run(&Worker::fill_chunks);
}

void Overseer::fill_leftovers() {
  shared_.workers = 1;
  run(&Worker::fill_leftovers);
}

void Overseer::run(Work work) {
  try {
    obey_control(Clock::now());
    while (man(work) && !shared_.stop) {
      std::this_thread::sleep_for(look);
      oversee();
    }
  } catch (...) {
    shared_.fail(std::current_exception());
  }
  wait_for_end();
  posts_.clear();
  report();
  if (const auto error = shared_.error()) std::rethrow_exception(error);
}

bool Overseer::man(Work work) {
  const bool chunks = work == &Worker::fill_chunks;
  const int wanted = chunks ? wanted_workers() : 1;
  shared_.workers = wanted;
  if (posts_.size() < static_cast<std::size_t>(wanted))
    posts_.resize(static_cast<std::size_t>(wanted));
  bool working = false;
  for (int number = 0; number < static_cast<int>(posts_.size()); ++number) {
    auto& post = posts_[static_cast<std::size_t>(number)];
    const bool first = !post && number == 0;
    if ((!post || post->ended) && number < wanted && (chunks ? shared_.chunks_left() : first))
      start(post, number, work);
    working = working || (post && !post->ended);
  }
  // A worker may have given its chunk back and ended since the chunks were looked at.
  return working || (chunks && shared_.chunks_left());
}

void Overseer::start(std::unique_ptr<Post>& post, int number, Work work) {
  post.reset();
  try {
    post = std::make_unique<Post>(shared_, number);
  } catch (const db::SqlError& error) {
    if (number == 0 || error.sqlstate() != "53300") throw;
    progress_.note(fmt::format("no connection is free for more than {} workers", number));
    shared_.most_workers = number;
    return;
  }
  post->thread = std::jthread([this, work, post = post.get()] {
    try {
      (post->worker.*work)();
    } catch (...) {
      shared_.fail(std::current_exception());
    }
    post->ended = true;
  });
}

// Batches end by themselves within their limits; a single row with a slow translation may not.
void Overseer::wait_for_end() {
  const auto works = [](const auto& post) { return post && !post->ended; };
  for (auto cancel_at = Clock::now() + milliseconds(500); std::ranges::any_of(posts_, works);
       std::this_thread::sleep_for(milliseconds(2))) {
    if (Clock::now() < cancel_at) continue;
    for (auto& post : posts_)
      if (works(post)) post->worker.cancel();
    cancel_at = Clock::now() + milliseconds(200);
  }
}

int Overseer::wanted_workers() const {
  // By itself a fill takes no second core from clients.
  const int asked = shared_.options.workers > 0 ? shared_.options.workers
                    : throttle_.busy()          ? 1
                                                : shared_.options.usual_workers;
  return std::clamp(control_.workers.value_or(asked), 1, shared_.most_workers.load());
}

void Overseer::oversee() {
  const auto& options = shared_.options;
  if (options.interrupted != nullptr && *options.interrupted)
    throw Error(Exit::interrupted, "interrupted", "stopped; the same command resumes");
  const auto now = Clock::now();
  if (now - asked_ >= ask_control) obey_control(now);
  if (now - signalled_ >= look_at_signals) obey_signals(now);
  if (throttle_.busy() && !control_.paused) probe(now);
  if (now - told_all_ >= tell_every) tell("off");
  const auto sum = shared_.rows + shared_.pages_done;
  if (sum != last_sum_ || shared_.held || now < shared_.rate.free_at()) moved_ = now;
  last_sum_ = sum;
  if (now - moved_ >= patience) name_blockers(now);
  if (now - moved_ >= options.total) give_up_on_locks(now);
  if (now - moved_ < patience) blockers_.clear();
  if (now - reported_ >= report_every) report();
}

void Overseer::give_up_on_locks(Clock::time_point now) {
  throw Error(Exit::locks, "lock-budget",
              fmt::format("no row could be filled for {} s: blocked by {}",
                          std::chrono::duration_cast<std::chrono::seconds>(now - moved_).count(),
                          db::sentence(blockers_)),
              table_sql(shared_.pass.target.fill),
              "end what blocks it and run the same command again");
}

void Overseer::obey_control(Clock::time_point now) {
  asked_ = now;
  control_ = store_.control();
  shared_.rate.set(control_.max_rate.value_or(shared_.options.max_rate));
  shared_.held = control_.paused || orders_.hold;
}

void Overseer::obey_signals(Clock::time_point now) {
  signalled_ = now;
  std::vector<int> pids;
  for (const auto& post : posts_)
    if (post && !post->ended) pids.push_back(post->worker.pid());
  const auto signals = read_signals(connection_, pids);
  const auto own = shared_.batches + shared_.retries + told_transactions_;
  const bool rated = shared_.rate.limit() > 0;
  orders_ = throttle_.decide(signals, own, rated, now);
  shared_.batch_pages = orders_.pages;
  shared_.share = orders_.share;
  if (orders_.hold && !shared_.held) held_ = now;
  shared_.held = control_.paused || orders_.hold;
}

// For other terminals: how it is doing.
void Overseer::tell(const char* commit) {
  connection_.execute(
      fmt::format("BEGIN; SET LOCAL synchronous_commit = {}; {}; COMMIT", commit,
                  store_.report_fill_sql(shared_.pass.target.run, shared_.pass.target.sequence,
                                         speed_.rows_per_second(), shared_.workers, throttled())));
  ++told_transactions_;
  told_all_ = Clock::now();
}

// A small commit, as a client's: it waits for our WAL too, but never for a replica.
void Overseer::probe(Clock::time_point now) {
  auto& courtesy = throttle_.courtesy();
  const bool finding_calm = !courtesy.knows_calm();
  constexpr milliseconds last_batch_ends{30};
  if (finding_calm ? now - held_ < last_batch_ends : now - told_all_ < probe_every) return;
  if (!finding_calm && now - held_ > calm_lasts) {
    courtesy.forget_calm();
    return obey_signals(now);  // which makes the workers rest
  }
  const auto began = Clock::now();
  tell("local");
  const auto took = std::chrono::duration<double, std::milli>(told_all_ - began).count();
  if (!finding_calm) return courtesy.probed(took);
  courtesy.calm(took);
  if (courtesy.knows_calm()) obey_signals(told_all_);
}

// Waits are short and far between, so holders of a lock on the table count too.
void Overseer::name_blockers(Clock::time_point now) {
  const auto blocked = std::ranges::find_if(
      posts_, [](const auto& post) { return post && !post->ended && post->worker.blocked(); });
  if (blocked == posts_.end()) return;
  const auto table = table_sql(shared_.pass.target.fill);
  auto found = db::blockers_of(connection_, (*blocked)->worker.pid());
  if (found.empty()) found = db::holders(connection_, table, "ROW EXCLUSIVE");
  if (!found.empty()) blockers_ = std::move(found);
  if (now - told_ < patience) return;
  told_ = now;
  progress_.waiting(table, db::texts(blockers_),
                    std::chrono::duration<double>(now - moved_).count());
}

std::string Overseer::throttled() const {
  if (control_.paused) return "paused by `pgstrata control pause`";
  if (!orders_.reason.empty()) return orders_.reason;
  if (const auto rate = shared_.rate.limit(); shared_.rate.binds(Clock::now()))
    return fmt::format("{} {:.0f} rows/s",
                       control_.max_rate ? "`pgstrata control rate`:" : "--max-rate", rate);
  return {};
}

void Overseer::report() {
  reported_ = Clock::now();
  speed_.saw(shared_.rows, shared_.pages_done, reported_);
  report::FillProgress state;
  state.table = shared_.pass.target.fill.table;
  state.rows = shared_.rows;
  state.rows_before = shared_.pass.rows;
  state.pages_total = shared_.pass.pages;
  state.pages_done = std::min<std::int64_t>(shared_.pages_done, state.pages_total);
  state.lock_retries = shared_.retries;
  state.workers = shared_.workers;
  state.rows_per_second = speed_.rows_per_second();
  state.seconds_left = speed_.seconds_left(state.pages_total - state.pages_done);
  state.throttled_by = throttled();
  if (!blockers_.empty()) state.blocked_by = db::sentence(blockers_);
  progress_.fill(state);
}

}  // namespace pgstrata::backfill
