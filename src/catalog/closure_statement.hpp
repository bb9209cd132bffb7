// What a statement runs that hangs on no relation: user's operators and casts, event triggers.
#pragma once

#include <cstddef>

#include "catalog/closure.hpp"
#include "catalog/resolve_names.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::catalog {

// The written effects of `statement` are those from `first` on.
void add_operators_and_casts(const sql::StatementFacts& statement, const Names& names, EffectList& effects,
                             std::size_t first);
void add_event_triggers(const sql::StatementFacts& statement, EffectList& effects, std::size_t first);

}  // namespace portcullis::catalog
