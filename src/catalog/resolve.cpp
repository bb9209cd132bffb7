// Facts + snapshot -> resolution: the statement's own effects, then all that follows from them.
#include "catalog/closure.hpp"
#include "catalog/closure_statement.hpp"
#include "catalog/resolve_names.hpp"
#include "catalog/resolve_statement.hpp"
#include "portcullis/catalog/resolution.hpp"

namespace portcullis::catalog {
namespace {

bool says_cascade(const sql::StatementFacts& statement) {
  for (const sql::Effect& effect : statement.effects) {
    if (effect.action == sql::Action::cascade) return true;
  }
  return false;
}

}  // namespace

Resolution resolve(const sql::Facts& facts, const Snapshot& snapshot, const NameSpace& name_space) {
  Resolution resolution;
  resolution.has_catalog = true;
  const Names names(snapshot, name_space);
  EffectList effects(snapshot, resolution);
  for (const auto& statement : facts.statements) {
    const std::size_t first = effects.size();
    effects.begin_statement();
    StatementResolver(statement, names, effects).run();
    add_operators_and_casts(statement, names, effects, first);
    add_event_triggers(statement, effects, first);
    Closure closure(snapshot, effects, says_cascade(statement));
    for (std::size_t index = first; index < effects.size() && !effects.full(); ++index) closure.follow(index);
  }
  return resolution;
}

}  // namespace portcullis::catalog
