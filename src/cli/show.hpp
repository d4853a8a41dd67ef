// How commands show their report: as text, or as the JSON document that --json asks for.
#pragma once

#include "cli/command.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace pgstrata::cli {

template <typename Report>
void show(const Session& session, const Report& report) {
  session.show(session.json ? report::json(report) : report::text(report));
}

// Of commands that fill tables: what was filled goes with the report.
template <typename Report>
void show_filled(const Session& session, const Report& report) {
  const auto& filled = session.watch.filled();
  if (session.json) return session.show(report::json(report, filled));
  if (!filled.empty()) session.show(report::text(filled));
  session.show(report::text(report));
}

}  // namespace pgstrata::cli
