// Which types compare equal only when their bytes are equal.
//
// PostgreSQL itself answers: B-tree deduplication asks the default operator class's support
// function 4. Only the two built-in answers are trusted; a domain is as its base type.
#pragma once

#include <optional>

#include "catalog/snapshot.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::catalog {

// SELECT oid, collated: the types with image equality. `collated`: only under a deterministic
// collation. Arrays, ranges and composites are left out: their element comparison is not a matter
// of bytes.
sql::Sql image_equality_query();

enum class ImageEquality { never, under_deterministic_collation, always };
// What needs no question: the types that nearly all columns have; their oids never change.
std::optional<ImageEquality> known_image_equality(Oid type);

}  // namespace pgstrata::catalog
