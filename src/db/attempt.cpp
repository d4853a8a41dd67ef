#include "db/attempt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include "pgstrata/error.hpp"

namespace pgstrata::db {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds old_blocker{1000};
constexpr milliseconds nap_start{4}, nap_limit{100};
constexpr milliseconds probe_pause{200};
constexpr milliseconds keep_weak_lock{100};  // longer naps give SHARE UPDATE EXCLUSIVE back

bool worth_a_retry(const SqlError& error) {
  // 57014 without an interrupt of ours: an administrator's cancel or a role's timeout.
  if (error.try_again() || error.canceled()) return true;
  // Two GRANTs on one schema at once, and the like.
  return error.sqlstate() == "XX000" && error.fields().message.starts_with("tuple concurrently");
}

double seconds(Clock::duration span) {
  return std::chrono::duration<double>(span).count();
}

milliseconds jittered(milliseconds span) {
  thread_local std::minstd_rand engine(std::random_device{}());
  std::uniform_real_distribution<double> factor(0.5, 1.5);
  return std::max(milliseconds(1), milliseconds(static_cast<int>(static_cast<double>(span.count()) *
                                                                 factor(engine))));
}

}  // namespace

// One run(): how often it was tried, who was in the way, what is held.
class Attempt::Tries {
 public:
  Tries(Attempt& attempt, const AttemptWork& work)
      : attempt_(attempt), connection_(attempt.connection_), work_(work) {}

  void run() {
    for (;;) {
      stop_if_interrupted();
      try {
        connection_.execute((held_ ? "" : opening()) + strong_part());
        return;
      } catch (const SqlError& error) {
        if (error.connection_lost()) throw;
        held_ = back_to_savepoint();
        stop_if_interrupted();
        if (!worth_a_retry(error)) {
          give_back();
          throw;
        }
      }
      after_failure();
    }
  }

 private:
  std::string opening() const {
    std::string sql = "BEGIN;\n";
    if (!work_.durable) sql += "SET LOCAL synchronous_commit = off;\n";
    if (work_.locks.empty()) return sql;
    sql += fmt::format("SET LOCAL lock_timeout = {};\n", attempt_.patience_.count());
    for (const auto& lock : work_.locks)
      sql += fmt::format("LOCK TABLE ONLY {} IN SHARE UPDATE EXCLUSIVE MODE;\n", lock.relation);
    return sql + "SAVEPOINT attempt;\n";
  }

  std::string strong_part() const {
    std::string sql;
    auto wait = work_.patient ? attempt_.patience_ : attempt_.limits_.first;
    for (std::size_t i = 0; i < work_.locks.size(); ++i) {
      const auto& lock = work_.locks[(i + turn_) % work_.locks.size()];
      sql += fmt::format("SET LOCAL lock_timeout = {};\nLOCK TABLE ONLY {} IN {} MODE{};\n",
                         wait.count(), lock.relation, lock.mode, probing_ ? " NOWAIT" : "");
      wait = attempt_.limits_.further;
    }
    sql += fmt::format("SET LOCAL lock_timeout = {};\n", wait.count());
    return sql + work_.statements + "\n;\nCOMMIT";
  }

  // True if the weak locks are still held; otherwise no transaction is left.
  bool back_to_savepoint() {
    if (!work_.locks.empty()) {
      try {
        connection_.execute("ROLLBACK TO SAVEPOINT attempt");
        return true;
      } catch (const SqlError& error) {
        if (error.connection_lost()) throw;  // else the savepoint was not reached
      }
    }
    connection_.execute("ROLLBACK");
    return false;
  }

  void give_back() {
    if (held_) connection_.execute("ROLLBACK");
    held_ = false;
  }

  void after_failure() {
    const auto now = Clock::now();
    if (failures_++ == 0) first_failure_ = now;
    ++turn_;
    look_around(now);
    const auto waited = now - first_failure_;
    if (waited >= old_blocker && now - reported_ >= old_blocker) {
      reported_ = now;
      if (attempt_.watch_.waiting) attempt_.watch_.waiting(blockers_, seconds(waited));
    }
    if (waited >= attempt_.limits_.total) {
      give_back();
      throw Error(Exit::locks, "lock-budget",
                  fmt::format("gave up after {:.0f} s: blocked by {}", seconds(waited),
                              sentence(blockers_)),
                  work_.title, "end what blocks it and run the same command again");
    }
    nap(jittered(probing_ ? probe_pause : nap_));
    nap_ = std::min(nap_limit, nap_ * 3 / 2);
  }

  // Who blocks us, and for how long have we seen them do so? A plain owner is not shown more.
  void look_around(Clock::time_point now) {
    blockers_.clear();
    for (const auto& lock : work_.locks)
      std::ranges::move(
          holders(connection_, lock.relation, held_ ? lock.mode : "SHARE UPDATE EXCLUSIVE"),
          std::back_inserter(blockers_));
    if (blockers_.empty() && attempt_.watch_.seen) blockers_ = attempt_.watch_.seen();
    std::map<std::string, Clock::time_point> still;
    for (const auto& blocker : blockers_) {
      const auto known = since_.find(blocker.key);
      still.emplace(blocker.key, known == since_.end() ? now : known->second);
    }
    since_ = std::move(still);
    probing_ = std::ranges::any_of(
        since_, [&](const auto& entry) { return now - entry.second >= old_blocker; });
  }

  void nap(milliseconds span) {
    if (span > keep_weak_lock) give_back();
    const auto end = Clock::now() + span;
    while (Clock::now() < end) {
      stop_if_interrupted();
      std::this_thread::sleep_for(std::min<Clock::duration>(milliseconds(20), end - Clock::now()));
    }
  }

  void stop_if_interrupted() {
    if (!attempt_.watch_.interrupted || !attempt_.watch_.interrupted()) return;
    give_back();
    throw Error(Exit::interrupted, "interrupted", "stopped; the same command resumes");
  }

  Attempt& attempt_;
  Connection& connection_;
  const AttemptWork& work_;
  bool held_ = false;  // a transaction is open with the weak locks and the savepoint
  bool probing_ = false;
  std::size_t turn_ = 0;  // which table goes first
  int failures_ = 0;
  milliseconds nap_ = nap_start;
  Clock::time_point first_failure_{}, reported_{};
  std::vector<Blocker> blockers_;
  std::map<std::string, Clock::time_point> since_;
};

Attempt::Attempt(Connection& connection, AttemptLimits limits, AttemptWatch watch)
    : connection_(connection), limits_(limits), watch_(std::move(watch)) {
  const milliseconds deadlock_timeout = connection.deadlock_timeout();
  // Two of our waits must end before a client's deadlock check can choose the client as victim.
  limits_.first = std::clamp(limits_.first, milliseconds(1),
                             std::max(milliseconds(1), deadlock_timeout / 2 - milliseconds(1)));
  limits_.further = std::clamp(limits_.further, milliseconds(1), limits_.first);
  patience_ = deadlock_timeout + milliseconds(500);
}

void Attempt::run(const AttemptWork& work) {
  Tries(*this, work).run();
}

}  // namespace pgstrata::db
