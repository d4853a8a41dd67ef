// What the server says of those who share it: read by any role, in one statement.
//
// Details of replicas are shown to members of pg_monitor only; others see the replication slots,
// which tell what a replica has received, not what it has applied.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backfill/pace.hpp"
#include "db/connection.hpp"

namespace pgstrata::backfill {

struct Signals {
  Foreground::Counted transactions{};
  double lag = 0;         // bytes that the slowest replica is behind
  std::string replica;    // its name
  double unarchived = 0;  // bytes of WAL that the archiver has not taken; 0 where there is none
  int waiting = 0;        // sessions that wait for a lock of ours
};

// `workers`: their process numbers.
Signals read_signals(db::Connection& connection, const std::vector<int>& workers);

}  // namespace pgstrata::backfill
