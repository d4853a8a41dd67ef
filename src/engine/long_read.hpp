// Reads of whole tables: minutes on a large one, so an interrupt cancels them, who blocks them is
// named each second, and behind a lock they give up after the lock budget.
#pragma once

#include <string>

#include "engine/session.hpp"

namespace pgstrata::engine {

// `object`: what is read, for messages. Throws Error(Exit::interrupted) and Error(Exit::locks),
// otherwise what Connection::execute throws.
db::Result read_long(Session& session, const std::string& object, const std::string& query);

}  // namespace pgstrata::engine
