// What DROP takes along, by itself and with CASCADE.
#include <algorithm>
#include <unordered_set>

#include "catalog/closure.hpp"
#include "catalog/resolve_actions.hpp"

namespace portcullis::catalog {
namespace {

using sql::Action;

bool is_view(const Relation& relation) {
  return relation.kind == RelationKind::view || relation.kind == RelationKind::materialized_view;
}

// How the part of a relation is dropped that needs what is dropped.
Action drop_of_part(const Relation& relation, Attached::Kind kind) {
  switch (kind) {
    case Attached::Kind::rule: return Action::drop_rule;
    case Attached::Kind::trigger: return Action::drop_trigger;
    case Attached::Kind::policy: return Action::drop_policy;
    case Attached::Kind::default_value: return Action::alter_table_drop_default;
    case Attached::Kind::index: return Action::drop_index;
    case Attached::Kind::statistics: return Action::drop_statistics;
    case Attached::Kind::check: return Action::alter_table_drop_constraint;
    case Attached::Kind::view_definition:
    case Attached::Kind::partition_key: break;
  }
  return drop_of(relation.kind);
}

template <class Needs>
void drop_parts(EffectList& effects, const Relation& relation, const Route& because, const Needs& needs) {
  for (const Attached& attached : relation.attached) {
    if (needs(attached)) effects.touch(relation, {drop_of_part(relation, attached.kind)}, because);
  }
}

// Whether a type is, or is made of, one that goes.
template <class Goes>
bool is_made_of(const Snapshot& snapshot, Oid type, const Goes& goes) {
  std::unordered_set<Oid> visited;
  std::vector<Oid> open{type};
  while (!open.empty()) {
    const Oid oid = open.back();
    open.pop_back();
    const Type* const found = oid >= kFirstUserOid ? snapshot.type(oid) : nullptr;
    if (found == nullptr || !visited.insert(oid).second) continue;
    if (goes(*found)) return true;
    open.insert(open.end(), found->parts.begin(), found->parts.end());
  }
  return false;
}

// Columns, views and functions of types that go.
template <class Goes>
void drop_users_of_types(EffectList& effects, const Route& because, const Goes& goes) {
  const Snapshot& snapshot = effects.snapshot();
  const auto is_gone = [&](Oid type) { return type >= kFirstUserOid && is_made_of(snapshot, type, goes); };
  for (const Relation& relation : snapshot.relations()) {
    for (const Column& column : relation.columns) {
      if (!is_gone(column.type)) continue;
      if (is_view(relation)) {
        effects.touch(relation, {drop_of(relation.kind)}, because);
      } else {
        effects.touch(relation, {Action::alter_table_drop_column, {{column.name}, false}}, because);
      }
    }
  }
  for (const Function& function : snapshot.functions()) {
    const auto& arguments = function.argument_types;
    if (is_gone(function.result) || std::any_of(arguments.begin(), arguments.end(), is_gone)) {
      effects.on_function(Action::drop_function, function.oid, because, false);
    }
  }
}

}  // namespace

// Sequences that a column owns go with their table whether it says CASCADE or not: they are parts of it, as
// partitions are.
void Closure::follow_drop(const Step& step) {
  const std::string dropped = snapshot_.relation_text(step.relation.oid);
  for (const Oid oid : step.relation.owned_sequences) {
    const Relation* const sequence = snapshot_.relation(oid);
    if (sequence == nullptr) continue;
    effects_.touch(*sequence, {Action::drop_sequence},
                   route(step, Via::inheritance, "sequence of " + dropped));
  }
  if (!cascades_) return;
  const Route because = route(step, Via::cascade, "DROP ... CASCADE of " + dropped);
  for (const Oid oid : step.relation.used_by) {
    const Relation* const user = snapshot_.relation(oid);
    if (user != nullptr && user != &step.relation) drop_user_of(step, *user, because);
  }
  for (const ForeignKey* const key : snapshot_.foreign_keys_to(step.relation.oid)) {
    const Relation* const child = snapshot_.relation(key->child);
    if (child != nullptr) effects_.touch(*child, {Action::alter_table_drop_constraint}, because);
  }
  const Relation* const owner =
      step.relation.kind == RelationKind::sequence ? snapshot_.relation(step.relation.table) : nullptr;
  if (owner != nullptr) effects_.touch(*owner, {Action::alter_table_drop_default}, because);
  drop_users_of_types(effects_, because,
                      [&](const Type& type) { return type.relation == step.relation.oid; });
}

void Closure::drop_user_of(const Step& step, const Relation& user, const Route& because) {
  if (is_view(user)) return effects_.touch(user, {drop_of(user.kind)}, because);
  drop_parts(effects_, user, because, [&](const Attached& attached) {
    return std::any_of(attached.accesses.begin(), attached.accesses.end(),
                       [&](const Access& access) { return access.relation == step.relation.oid; });
  });
}

void Closure::follow_drop_of_column(const Step& step) {
  const ColumnSet dropped = columns(step);
  const Route because =
      route(step, Via::cascade, "DROP COLUMN ... CASCADE of " + snapshot_.relation_text(step.relation.oid));
  const auto reads = [&](const Access& access) {
    return access.relation == step.relation.oid && (access.all_columns || touches(dropped, access.columns));
  };
  for (const Oid oid : step.relation.used_by) {
    const Relation* const user = snapshot_.relation(oid);
    if (user == nullptr || user == &step.relation) continue;
    drop_parts(effects_, *user, because, [&](const Attached& attached) {
      return std::any_of(attached.accesses.begin(), attached.accesses.end(), reads);
    });
  }
  for (const ForeignKey* const key : snapshot_.foreign_keys_to(step.relation.oid)) {
    const Relation* const child = snapshot_.relation(key->child);
    if (child == nullptr || !touches(dropped, key->parent_columns)) continue;
    effects_.touch(*child, {Action::alter_table_drop_constraint}, because);
  }
}

// DROP ... CASCADE of what is no relation.
void Closure::follow_drop_of_other(std::size_t index) {
  const ResolvedEffect& dropped = effects_[index];
  const Oid oid = dropped.oid;
  const Action action = dropped.effect.action;
  const auto because = [&](std::string_view what) {
    const ResolvedEffect& cause = effects_[index];
    return Route{Via::cascade, static_cast<std::int32_t>(index),
                 std::string(what) + sql::to_text(cause.effect.object), cause.effect.location};
  };
  if (action == Action::drop_schema) {
    follow_drop_of_schema(dropped.effect.object.name, because("DROP SCHEMA ... CASCADE of "));
  } else if (oid != kNoOid && (action == Action::drop_type || action == Action::drop_domain)) {
    drop_users_of_types(effects_, because("DROP ... CASCADE of "),
                        [&](const Type& type) { return type.oid == oid; });
  } else if (oid != kNoOid && is_drop_of_function(action)) {
    const Route route = because("DROP ... CASCADE of ");
    for (const Relation& relation : snapshot_.relations()) {
      drop_parts(effects_, relation, route, [&](const Attached& attached) {
        return std::find(attached.functions.begin(), attached.functions.end(), oid) !=
               attached.functions.end();
      });
    }
  }
}

void Closure::follow_drop_of_schema(const std::string& name, const Route& because) {
  const Schema* const schema = snapshot_.schema(name);
  if (schema == nullptr) return;
  for (const Relation& relation : snapshot_.relations()) {
    if (relation.schema == schema->oid) effects_.touch(relation, {drop_of(relation.kind)}, because);
  }
  for (const Function& function : snapshot_.functions()) {
    if (function.schema == schema->oid)
      effects_.on_function(Action::drop_function, function.oid, because, false);
  }
  drop_users_of_types(effects_, because, [&](const Type& type) { return type.schema == schema->oid; });
}

}  // namespace portcullis::catalog
