// What an expression of the catalog would run, found in its tree: pg_depend says nothing of what is
// PostgreSQL's own.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>

#include "shadow/row.hpp"

namespace portcullis::shadow {

// From the most harmless. Only what is `known` may be asked of production.
enum class Code : std::uint8_t {
  known,    // PostgreSQL's own functions, which change nothing
  changes,  // a volatile one: another value for each row, or an effect
  foreign,  // a user's function, operator, type or collation, or a whole row
};

// Of pg_attrdef.adbin and its kind; `effects` are PostgreSQL's own functions that are more than computation.
[[nodiscard]] Code code_of_tree(std::string_view tree, const std::set<Oid>& effects);
// Of a partition's constraint, which has no tree: no call and no name of a schema is in one over plain
// columns.
[[nodiscard]] Code code_of_partition(std::string_view expression);

}  // namespace portcullis::shadow
