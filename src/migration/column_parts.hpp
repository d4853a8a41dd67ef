// What a column may carry, wherever it is described: in create_table, add_column and alter_column.
#pragma once

#include "migration/value.hpp"

namespace pgstrata::migration {

Column read_column(const Value& value);
Check read_check(const Value& value);
References read_references(const Value& value);

inline constexpr Choice<FkAction> fk_actions[] = {{"NO ACTION", FkAction::no_action},
                                                  {"RESTRICT", FkAction::restrict_},
                                                  {"CASCADE", FkAction::cascade},
                                                  {"SET NULL", FkAction::set_null},
                                                  {"SET DEFAULT", FkAction::set_default}};
inline constexpr Choice<FkMatch> fk_matches[] = {
    {"SIMPLE", FkMatch::simple}, {"FULL", FkMatch::full}, {"PARTIAL", FkMatch::partial}};

}  // namespace pgstrata::migration
