#include "backfill/statements.hpp"

#include <fmt/format.h>

#include "plan/sync_parts.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::backfill {
namespace {

// Twins from their translations, and the marker that lets the row pass the sync trigger unseen.
std::string assignments(const plan::Fill& fill) {
  if (fill.through_trigger)
    return fmt::format("{} = {}", sql::quote_identifier(fill.marker), plan::sync::between);
  std::string text;
  for (const auto& assignment : fill.assignments)
    text += fmt::format("{} = ({}\n    ), ", sql::quote_identifier(assignment.column),
                        assignment.expression);
  return text + fmt::format("{} = -{}", sql::quote_identifier(fill.marker), fill.newest);
}

class Compiler {
 public:
  explicit Compiler(const Target& target)
      : target_(target),
        table_(table_sql(target.fill)),
        unfilled_(fmt::format("{} > -{}", sql::quote_identifier(target.fill.marker),
                              target.fill.newest)) {}

  Statements compile() const {
    Statements all;
    all.plain = with(
        {saved_and_counted("greatest(next_page, $1::bigint)", "$5::bigint"), updating(in_range)});
    all.count = counted("next_page", "$1::bigint");
    all.skip_locked = with({locked(in_range), update(in_locked), seen(),
                            remember("$5", "$6", "(SELECT n FROM seen) > (SELECT n FROM done)"),
                            saved(), ending("(SELECT count(*) FROM locked)", left)});
    all.revisit = with({locked(in_range), update(in_locked), seen(), forget(), saved(),
                        ending("(SELECT count(*) FROM locked)", left)});
    all.row_waiting = with({update(is_row), saved(), ending("0", "0")});
    all.row_skipping = with(
        {locked(is_row), update(in_locked), saved(), ending("(SELECT count(*) FROM locked)", "0")});
    all.defer =
        with({remember("$3", "$4", "true"), "done AS (SELECT 0 AS n)", saved(), ending("0", "0")});
    all.rows_left = fmt::format("SELECT ctid FROM ONLY {} WHERE {} AND {} LIMIT 1000", table_,
                                alone, unfilled_);
    all.probe = fmt::format("UPDATE ONLY {} SET {} WHERE {} AND {}", table_,
                            assignments(target_.fill), alone, unfilled_);
    return all;
  }

 private:
  static constexpr const char* in_range = "ctid >= $3::tid AND ctid < $4::tid";
  static constexpr const char* alone = "ctid >= $1::tid AND ctid < $2::tid";
  static constexpr const char* in_locked = "ctid = ANY (ARRAY(SELECT ctid FROM locked))";
  static constexpr const char* is_row = "ctid = $3::tid";
  static constexpr const char* left = "(SELECT n FROM seen) - (SELECT n FROM done)";

  static std::string with(const std::vector<std::string>& parts) {
    std::string text = "WITH ";
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) text += (i == 0 ? "" : ",\n") + parts[i];
    return text + "\n" + parts.back();
  }

  std::string state(const char* object) const { return state::state_object(target_.names, object); }
  std::string step() const {
    return fmt::format("run = {} AND sequence = {}", target_.run, target_.sequence);
  }

  std::string locked(const char* rows) const {
    return fmt::format(
        "locked AS MATERIALIZED (\n  SELECT ctid FROM ONLY {} WHERE {} AND {} FOR NO KEY UPDATE "
        "SKIP LOCKED)",
        table_, rows, unfilled_);
  }

  std::string updating(const char* rows) const {
    return fmt::format("UPDATE ONLY {} SET {}\n  WHERE {} AND {}", table_,
                       assignments(target_.fill), rows, unfilled_);
  }

  std::string update(const char* rows) const {
    return fmt::format(
        "filled AS (\n  {} RETURNING 1),\n"
        "done AS (SELECT count(*) AS n FROM filled)",
        updating(rows));
  }

  // A data-modifying WITH that nobody reads runs after the main statement; the condition without
  // columns is evaluated once, whether or not a row is there.
  std::string counted(const char* next_page, const char* rows) const {
    return fmt::format(
        "UPDATE {} SET next_page = {}, filled = filled + {}\n"
        "  WHERE {} AND chunk = $2::integer AND (SELECT {})",
        state("backfill_chunks"), next_page, rows, step(),
        state::assert_batch_sql(target_.names, target_.token, target_.oid, target_.filenode));
  }

  std::string saved_and_counted(const char* next_page, const char* rows) const {
    return "saved AS (" + counted(next_page, rows) + ")";
  }

  // As of the statement's snapshot, so what another session has filled meanwhile counts as left:
  // one visit too many at worst.
  std::string seen() const {
    return fmt::format("seen AS (SELECT count(*) AS n FROM ONLY {} WHERE {} AND {})", table_,
                       in_range, unfilled_);
  }

  std::string remember(const char* first, const char* end, const char* condition) const {
    return fmt::format(
        "remembered AS (INSERT INTO {} (run, sequence, first_page, end_page)\n"
        "  SELECT {}, {}, {}::bigint, {}::bigint WHERE {})",
        state("backfill_leftovers"), target_.run, target_.sequence, first, end, condition);
  }

  std::string forget() const {
    return fmt::format(
        "forgotten AS (DELETE FROM {} WHERE id = $5::bigint AND {}\n  AND (SELECT n FROM seen) <= "
        "(SELECT n FROM done))",
        state("backfill_leftovers"), same_filenode());
  }

  std::string same_filenode() const {
    return fmt::format("pg_catalog.pg_relation_filenode({}::oid) = {}::oid", target_.oid,
                       target_.filenode);
  }

  std::string saved() const {
    return fmt::format(
        "saved AS (UPDATE {} SET next_page = greatest(next_page, $1::bigint),\n"
        "  filled = filled + (SELECT n FROM done)\n  WHERE {} AND chunk = $2::integer AND {} "
        "RETURNING 1)",
        state("backfill_chunks"), step(), same_filenode());
  }

  std::string ending(const char* locked_count, const char* left_count) const {
    return fmt::format("SELECT (SELECT n FROM done), (SELECT count(*) FROM saved), {}, {}, {}",
                       locked_count, left_count,
                       state::assert_runner_sql(target_.names, target_.token));
  }

  const Target& target_;
  const std::string table_, unfilled_;
};

}  // namespace

std::string table_sql(const plan::Fill& fill) {
  return sql::format("{}", sql::Qualified{fill.schema, fill.table}).str();
}

Statements compile(const Target& target) {
  return Compiler(target).compile();
}

}  // namespace pgstrata::backfill
