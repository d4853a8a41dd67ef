// A binder that answers from memory: what PostgreSQL 15 said when it was asked the same.
//
// The answers stand in recorded_answers.json beside this file. A question that is not among them
// ends the test with the question in words. To record it, name a server, which gets a scratch
// schema and the few objects that expressions of the tests read, and run the test again:
//
//   PGSTRATA_RECORD_URL=postgresql://localhost/scratch build/dev/tests/test_plan
//
// Then read what was added: an answer is right because PostgreSQL gave it, never because a test
// wants it. An answer to an expression holds for every row shape that has the columns the
// expression reads, in the same types; a refusal only for the very shape.
#pragma once

#include "sql/binder.hpp"

namespace pgstrata::test {

class RecordedBinder : public sql::Binder {
 public:
  sql::Expression bind(const std::string& source, const sql::Shape& shape,
                       const std::string& target, const std::string& where) override;
  sql::BoundType type(const std::string& source, const std::string& where) override;
  bool assignable(const std::string& from, const std::string& to) override;
  bool lossless(const std::string& from, const std::string& to) override;
  std::string collation(const std::string& source, const std::string& where) override;
  std::string operator_class(const std::string& source, const std::string& method,
                             const std::string& where) override;
};

}  // namespace pgstrata::test
