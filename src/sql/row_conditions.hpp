// Which conditions of UPDATE, DELETE and MERGE count as a WHERE.
#pragma once

#include <vector>

#include "sql/node.hpp"
#include "sql/walker.hpp"

namespace portcullis::sql {

// Whether the condition has CURRENT OF or a column reference that can mean the target's row: an unqualified
// one outside of queries, or one qualified by the name that the target goes by. `others` are the items of
// FROM or USING beside it. False too, and the statement refused, when that takes too long to find out.
[[nodiscard]] bool looks_at_rows(Walker& walker, const Node& condition, const Node& target,
                                 const std::vector<Node>& others);

}  // namespace portcullis::sql
