// What both syntaxes say alike.
#include "migration/syntax.hpp"

namespace pgstrata::migration {

void refuse_empty_document(const Source& source) {
  refuse(source.file(), {}, "empty-document", "the document is empty",
         "a migration has the key 'operations' with a list");
}

}  // namespace pgstrata::migration
