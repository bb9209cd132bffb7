// What DROP takes along whether it says CASCADE or not.
#include "catalog/closure.hpp"

namespace portcullis::catalog {

// Sequences that a column owns are parts of their table, as partitions are.
void Closure::follow_drop(const Step& step) {
  const std::string dropped = snapshot_.relation_text(step.relation.oid);
  for (const Oid oid : step.relation.owned_sequences) {
    const Relation* const sequence = snapshot_.relation(oid);
    if (sequence == nullptr) continue;
    effects_.touch(*sequence, {sql::Action::drop_sequence},
                   route(step, Via::inheritance, "sequence of " + dropped));
  }
}

}  // namespace portcullis::catalog
