#include "engine/long_read.hpp"

#include "engine/executor.hpp"
#include "engine/step_runner.hpp"
#include "engine/watchdog.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::engine {

db::Result read_long(Session& session, const std::string& object, const std::string& query) {
  if (interrupted) throw_interrupted();
  Watchdog dog(session.connection, session.progress, LockBudget{}.total);
  const Watchdog::Watch watching(dog, object, true);
  try {
    return session.connection.execute(query);
  } catch (const db::SqlError& error) {
    if (!error.canceled()) throw;
    if (interrupted) throw_interrupted();
    if (!dog.gave_up()) throw;
    throw Error(Exit::locks, "lock-budget",
                "could not read table \"" + object + "\": blocked by " + db::sentence(dog.seen()),
                object, "end what blocks it and run the same command again");
  }
}

}  // namespace pgstrata::engine
