// Policy + what a record says of a database.
#include "policy/function_entry.hpp"
#include "policy/object_name.hpp"
#include "policy/rules.hpp"

namespace portcullis::policy {
namespace {

constexpr catalog::Oid kSomeOid = UINT32_MAX;  // of a table of which only the name is known

void protect(const PolicyData& policy, const KnownRelation& relation, Bound& bound) {
  for (std::size_t p = 0; p < policy.protections.size(); ++p) {
    const auto& patterns = policy.protections[p].on;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      for (const auto& name : relation.names) {
        if (!patterns[i].matches(name)) continue;
        bound.relations[relation.oid].push_back({p, i, "it is part of " + quoted(name)});
        break;
      }
    }
  }
}

}  // namespace

Bound bind(const PolicyData& policy, const Known& known) {
  Bound bound;
  for (const auto& relation : known.relations) protect(policy, relation, bound);
  for (const auto& sequence : known.sequences)
    bound.sequences[sequence.name] = {catalog::kNoOid, kSomeOid, sequence.table, sequence.column};
  for (const auto& function : known.functions)
    bound.pins.emplace(signature(function.name, function.arguments), function.body_hash);
  return bound;
}

}  // namespace portcullis::policy
