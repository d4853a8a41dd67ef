// The newest published version.
#pragma once

#include <string>

#include "engine/commands.hpp"

namespace pgstrata::engine {

// Throws Error(Exit::state, "no-version") if there is none.
state::VersionRow latest(Session& session);
// The connection string with search_path set to one schema; a URI stays a URI.
std::string url_with_path(const std::string& url, const std::string& schema);

}  // namespace pgstrata::engine
