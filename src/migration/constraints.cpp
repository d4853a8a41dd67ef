// Operations of the format that this release recognises and the model refuses by name. What they
// say is not read: it would be refused whatever it is.
#include "migration/families.hpp"

namespace pgstrata::migration {

namespace {

Operation read_unsupported(const Value& body) {
  return Unsupported{.operation = body.path()};
}

}  // namespace

Family constraint_operations() {
  return {{"create_constraint", read_unsupported},
          {"drop_constraint", read_unsupported},
          {"drop_multicolumn_constraint", read_unsupported},
          {"rename_constraint", read_unsupported},
          {"set_replica_identity", read_unsupported}};
}

}  // namespace pgstrata::migration
