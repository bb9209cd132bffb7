// Types of parameters that a client gives by number.
#include <set>
#include <utility>

#include "catalog/resolve_names.hpp"
#include "portcullis/catalog/resolution.hpp"

namespace portcullis::catalog {
namespace {

// An array has no functions of users: those of its element stand there. A user's base type always has some.
const Type& element_of(const Type& type, const Snapshot& snapshot) {
  const bool is_array = type.kind == Type::Kind::base && type.functions.empty() && type.parts.size() == 1;
  const Type* const element = is_array ? snapshot.type(type.parts.front()) : nullptr;
  return element != nullptr && element->oid >= kFirstUserOid ? *element : type;
}

// Nobody makes types in pg_catalog, and PostgreSQL's own have no such names.
sql::Name name_of(Oid oid, const Snapshot& snapshot) {
  const Type* const found = snapshot.type(oid);
  if (found == nullptr) return {{}, std::string(kOwnSchema), std::to_string(oid)};
  const Type& type = element_of(*found, snapshot);
  const Schema* const schema = snapshot.schema(type.schema);
  return {{}, schema != nullptr ? schema->name : std::string(kOwnSchema), type.name};
}

}  // namespace

std::vector<sql::Effect> type_effects(std::span<const Oid> types, const Snapshot& snapshot) {
  std::vector<sql::Effect> effects;
  std::set<sql::Name> named;
  for (const Oid oid : types) {
    if (oid < kFirstUserOid) continue;
    sql::Name name = name_of(oid, snapshot);
    if (!named.insert(name).second) continue;
    sql::Effect effect{.action = sql::Action::use_type};
    effect.kind = sql::ObjectKind::type;
    effect.object = std::move(name);
    effects.push_back(std::move(effect));
  }
  return effects;
}

}  // namespace portcullis::catalog
