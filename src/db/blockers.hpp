// Who stands in the way: sessions and prepared transactions, named for people.
//
// What a role may not see of another's session (state, application) is left out, never guessed.
#pragma once

#include <string>
#include <vector>

#include "db/connection.hpp"

namespace pgstrata::db {

struct Blocker {
  std::string key;   // "pid 4711", "prepared transaction 'tx1'": the same holder has the same key
  std::string text;  // "pid 4711 (psql, user bob, idle in transaction for 12 s)"
  // The same holder, whatever its age is by now.
  bool operator==(const Blocker& other) const { return key == other.key; }
};

// "a, b and 3 more"; "somebody" when empty.
std::string sentence(const std::vector<Blocker>& blockers);
std::vector<std::string> texts(const std::vector<Blocker>& blockers);

// A session that has joined a group (Connection::join).
struct Member {
  int pid = 0;
  std::string text;  // as Blocker::text
};
std::vector<Member> members(Connection& connection, const std::string& group);

// Holders of locks on a relation (quoted, qualified) that conflict with `mode` ("ACCESS
// EXCLUSIVE"), those of `connection` left out.
std::vector<Blocker> holders(Connection& connection, const std::string& relation,
                             const std::string& mode);

// Those for whom the session `pid` waits now (pg_blocking_pids); `connection` is another session.
std::vector<Blocker> blockers_of(Connection& connection, int pid);

}  // namespace pgstrata::db
