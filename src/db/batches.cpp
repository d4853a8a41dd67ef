#include "db/batches.hpp"

#include <fmt/format.h>

#include <future>

namespace pgstrata::db {

void read_in_batches(Connection& connection, const std::string& query, int size,
                     const std::function<void(Result&)>& take) {
  const std::string fetch = fmt::format("FETCH {} FROM pgstrata_batches", size);
  Result rows =
      connection.execute("DECLARE pgstrata_batches NO SCROLL CURSOR FOR\n" + query + ";\n" + fetch);
  while (rows.size() == static_cast<std::size_t>(size)) {
    auto next = std::async(std::launch::async, [&] { return connection.execute(fetch); });
    take(rows);
    rows = next.get();
  }
  if (!rows.empty()) take(rows);
  connection.execute("CLOSE pgstrata_batches");
}

}  // namespace pgstrata::db
