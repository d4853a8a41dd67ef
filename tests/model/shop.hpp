// A draft over one base table, for the tests of what operations leave in it.
//
//   shop.orders   id integer PRIMARY KEY, qty integer NOT NULL DEFAULT 5 CHECK (qty > 0), note
//   text,
//                 with index orders_note_idx
#pragma once

#include <boost/test/unit_test.hpp>

#include "base_tables.hpp"
#include "model/draft.hpp"
#include "model/from_catalog.hpp"
#include "pgstrata/error.hpp"
#include "recorded_binder.hpp"

namespace pgstrata::model {

inline test::table orders_table() {
  return test::table("orders")
      .column("id", "integer")
      .column("qty", "integer", "5")
      .column("note", "text")
      .primary_key("id")
      .required("qty")
      .check("orders_qty_check", "(qty > 0)", {"qty"})
      .index("orders_note_idx", "note");
}

struct Shop {
  explicit Shop(catalog::Snapshot has = test::snapshot({orders_table()}))
      : catalog(std::move(has)),
        before(version_from_catalog(catalog, 1, "v1", "public_v1")),
        draft(before, catalog, binder, 2, "v2", "public_v2") {}

  DraftTable& table(const std::string& name = "orders") { return draft.table(name, "test"); }
  Column& column(const std::string& name) { return draft.column(table(), name, "test"); }

  // As alter_column with a type: `up` over the shape before, `down` over the shape after.
  void alter(const std::string& name, const std::string& type, const std::string& up,
             const std::string& down) {
    const std::string old_type = column(name).type;
    const sql::BoundType bound = binder.type(type, "test");
    const sql::Expression to = binder.bind(up, table().shape(), bound.type, "test");
    DraftTable after = table();
    after.table.column(name)->type = bound.type;
    draft.translate(table(), name, bound, to, binder.bind(down, after.shape(), old_type, "test"));
  }

  void add(const std::string& name, const std::string& type, const std::string& up = {}) {
    Column column;
    column.name = name;
    column.type = type;
    std::optional<sql::Expression> fill;
    if (!up.empty()) fill = binder.bind(up, table().shape(), type, "test");
    draft.add_column(table(), column, fill, "test");
  }

  void drop(const std::string& name, const std::string& down = {}) {
    std::optional<sql::Expression> fill;
    if (!down.empty()) {
      DraftTable after = table();
      after.table.columns.erase_if([&](auto& column) { return column.name == name; });
      fill = binder.bind(down, after.shape(), draft.column(table(), name, "test").type, "test");
    }
    draft.drop_column(table(), name, fill, "test");
  }

  void rename(const std::string& from, const std::string& to) {
    draft.rename_column(table(), from, to, "test");
  }

  test::RecordedBinder binder;
  catalog::Snapshot catalog;
  Version before;
  Draft draft;
};

// "up _qty_2 = (qty)::text; down qty = (qty)::integer", over logical inputs.
inline std::string links(const Version& version) {
  std::string text;
  for (const Translation& link : version.translations) {
    const auto bare = link.expression.rewrite(
        [](const std::string& column) { return sql::format("{}", sql::Name(column)); });
    text += (text.empty() ? "" : "; ") + std::string(link.up ? "up " : "down ") + link.output +
            " = " + bare.str();
  }
  return text;
}

// "id, qty=_qty_2": logical names, and physical ones where they differ.
inline std::string columns(const Table& table) {
  std::string text;
  for (const Column& column : table.columns)
    text += (text.empty() ? "" : ", ") + column.name +
            (column.name == column.physical ? "" : "=" + column.physical);
  return text;
}

inline std::string refusal(const std::function<void()>& act) {
  try {
    act();
    return "accepted";
  } catch (const Error& error) {
    return error.code();
  }
}

}  // namespace pgstrata::model
