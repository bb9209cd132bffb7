// The code behind types.
#include <unordered_set>
#include <vector>

#include "catalog/closure.hpp"

namespace portcullis::catalog {
namespace {

std::string text_of(const Snapshot& snapshot, const Type& type) {
  const Schema* const schema = snapshot.schema(type.schema);
  return (type.kind == Type::Kind::domain ? "domain " : "type ") +
         (schema != nullptr ? schema->name + '.' + type.name : type.name);
}

void add_parts(const Snapshot& snapshot, const Type& type, std::vector<Oid>& open) {
  open.insert(open.end(), type.parts.begin(), type.parts.end());
  const Relation* const row = type.relation != kNoOid ? snapshot.relation(type.relation) : nullptr;
  if (row == nullptr) return;
  for (const Column& column : row->columns) open.push_back(column.type);
}

}  // namespace

void call_type_functions(EffectList& effects, Oid type, const Route& route, bool base_types) {
  const Snapshot& snapshot = effects.snapshot();
  std::unordered_set<Oid> visited;
  std::vector<Oid> open{type};
  while (!open.empty()) {
    const Oid oid = open.back();
    open.pop_back();
    const Type* const found = oid >= kFirstUserOid ? snapshot.type(oid) : nullptr;
    if (found == nullptr || !visited.insert(oid).second) continue;
    add_parts(snapshot, *found, open);
    if (found->functions.empty() || (found->kind == Type::Kind::base && !base_types)) continue;
    Route because = route;
    because.through = text_of(snapshot, *found);
    for (const Oid function : found->functions) effects.call(function, because, false);
  }
}

}  // namespace portcullis::catalog
