// Small migrations drawn at random over the tables of a version, as documents.
//
// Expressions come from a closed set over few names, so that PostgreSQL's answers to all of them
// are recorded. What a draw asks for may be refused (a column dropped twice, say): the caller draws
// again.
#pragma once

#include <random>
#include <string>

#include "base_tables.hpp"
#include "model/version.hpp"

namespace pgstrata::plan {

class RandomMigration {
 public:
  explicit RandomMigration(unsigned seed) : engine_(seed) {}

  catalog::Snapshot base();
  // JSON with one to four operations on `version`.
  std::string document(const model::Version& version);

 private:
  int number(int below) { return std::uniform_int_distribution<>(0, below - 1)(engine_); }
  bool coin() { return number(2) == 0; }
  std::string operation(const model::Version& version);
  std::string column_operation(const std::string& table, const model::Column& column);

  std::mt19937 engine_;
  int made_ = 0;  // names of indexes, checks and keys are numbered
};

}  // namespace pgstrata::plan
