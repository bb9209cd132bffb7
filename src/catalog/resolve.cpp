// Facts + snapshot -> resolution: the statement's own effects, then all that follows from them.
#include "catalog/closure.hpp"
#include "catalog/closure_statement.hpp"
#include "catalog/drops.hpp"
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
    std::size_t next = first;
    const auto follow_all = [&] {
      for (; next < effects.size() && !effects.full(); ++next) closure.follow(next);
    };
    follow_all();
    if (!says_cascade(statement)) continue;
    Drops(statement, effects, first).run();
    follow_all();  // to the partitions of what is dropped
  }
  return resolution;
}

}  // namespace portcullis::catalog
