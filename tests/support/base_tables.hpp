// Base tables in words, as the catalog would show them.
//
//   snapshot({table("orders").column("id", "integer").column("qty", "integer",
//   "5").primary_key("id")})
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "catalog/snapshot.hpp"

namespace pgstrata::test {

using Names = std::vector<std::string>;

// A catalog::Table that is built up; every call says one thing about it.
struct table : catalog::Table {
  explicit table(const std::string& called);
  table& column(const std::string& called, const std::string& type,
                std::optional<std::string> default_ = {});
  table& required(const std::string& column);  // NOT NULL
  table& primary_key(const std::string& column);
  table& unique(const std::string& constraint, const std::string& column);
  table& index(const std::string& called, const std::string& column);
  table& check(const std::string& constraint, const std::string& condition, const Names& columns);
  table& references(const std::string& constraint, const std::string& column,
                    const std::string& parent, const std::string& parent_column,
                    char on_delete = 'a');
  table& comment_on(const std::string& column, const std::string& text);
  table& grant(const std::string& role, const std::string& privilege,
               const std::string& column = {});
};

// Schema "public", owned by the role that migrates.
catalog::Snapshot snapshot(std::initializer_list<catalog::Table> tables);

}  // namespace pgstrata::test
