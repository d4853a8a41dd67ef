#include "backfill/backfill.hpp"

#include <algorithm>
#include <thread>

#include "backfill/overseer.hpp"

namespace pgstrata::backfill {
namespace {

// As many as the server's cores, which only its own machine knows; from elsewhere two. Few pages
// are not worth another connection, and more than four workers wait for each other's WAL.
int usual_workers(db::Connection& connection, std::int64_t pages) {
  constexpr std::int64_t worth_one = 1024;
  const bool local =
      connection.execute("SELECT coalesce(inet_server_addr() = inet_client_addr(), true)")
          .boolean(0, 0);
  const int cores = local ? static_cast<int>(std::thread::hardware_concurrency()) : 2;
  return static_cast<int>(
      std::clamp<std::int64_t>(std::min<std::int64_t>(cores, pages / worth_one), 1, 4));
}

}  // namespace

void run(db::Connection& connection, const state::Names& names, std::int64_t run_id, int sequence,
         std::int64_t token, const plan::Fill& fill, const Options& asked,
         report::Progress& progress) {
  const Target step{names, run_id, sequence, token, fill};
  for (;;) {
    Options options = asked;
    const auto pass = open_pass(connection, step, options, progress);
    if (options.workers == 0) options.usual_workers = usual_workers(connection, pass.pages);
    Shared shared(pass, options);
    Overseer overseer(connection, shared, progress);
    if (!pass.chunks.empty()) overseer.fill_chunks();
    if (!shared.rewritten && pass.pages > 0) overseer.fill_leftovers();
    if (!shared.rewritten) return;
    progress.note(table_sql(fill) + " was rewritten meanwhile; its backfill starts again");
  }
}

}  // namespace pgstrata::backfill
