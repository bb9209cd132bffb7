// What a statement did in production, held against what its dry run had shown.
#pragma once

#include <string>
#include <vector>

#include "shadow/measurement.hpp"

namespace portcullis::shadow {

// The query for how the relations of `predicted` that were there before are stored now. Its rows are
// Baseline::query()'s.
[[nodiscard]] std::string baseline_query(const std::vector<RelationFacts>& predicted);

// One line for each fact that came otherwise: "locks: app.orders: SHARE; predicted: ACCESS EXCLUSIVE",
// "rewrite: app.orders: stored anew, not predicted", "scan: ...". Empty: as predicted. `held`: the locks that
// the transaction had before the statement, and that are not among those of `actual`. What the statement made
// and temporary objects are not compared.
[[nodiscard]] std::vector<std::string> differences(const std::vector<RelationFacts>& predicted,
                                                   const std::vector<RelationFacts>& actual,
                                                   const std::vector<RelationFacts>& held);

}  // namespace portcullis::shadow
