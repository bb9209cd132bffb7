// The effect that dropping an object by a statement of its own would have.
#include <algorithm>

#include "catalog/drops.hpp"
#include "catalog/resolve_actions.hpp"

namespace portcullis::catalog {
namespace {

using sql::Action;
using sql::ObjectKind;

Action drop_of(Function::Kind kind) {
  switch (kind) {
    case Function::Kind::procedure: return Action::drop_procedure;
    case Function::Kind::aggregate: return Action::drop_aggregate;
    case Function::Kind::function:
    case Function::Kind::window: break;
  }
  return Action::drop_function;
}

}  // namespace

// What is part of another object is said by that one's effect.
void Drops::emit(std::size_t place) {
  if (found_[place].done) return;
  found_[place].done = true;
  const std::size_t because = found_[place].because;
  Parent parent;
  if (found_[place].own_effect) parent = parent_of(found_[place].id);
  if (parent.is_one) emit(parent.place);
  // Else that goes because of this one.
  const bool follows = parent.is_one && found_[parent.place].effect >= 0;
  const std::int32_t cause = follows ? found_[parent.place].effect : effect_behind(because);
  if (!found_[place].own_effect) {
    found_[place].effect = cause;
    return;
  }
  const sql::Effect from = effects_[static_cast<std::size_t>(cause)].effect;
  Route route{follows ? Via::inheritance : Via::cascade, cause,
              follows ? parent.through : "CASCADE from " + sql::to_text(from.object), from.location};
  const std::size_t before = effects_.size();
  add_effect(found_[place].id, route);
  const auto known = children_.find(found_[place].id.oid);
  const bool is_known = known != children_.end() && stands_for_itself(found_[place].id);
  const std::int32_t other = is_known ? known->second : cause;
  found_[place].effect = effects_.size() > before ? static_cast<std::int32_t>(before) : other;
}

// What the statement itself says has an effect.
std::int32_t Drops::effect_behind(std::size_t place) const {
  while (found_[place].effect < 0) place = found_[place].because;
  return found_[place].effect;
}

// Partitions and the sequences that columns own, with what they have for parts.
Drops::Parent Drops::parent_of(const ObjectId& id) const {
  const Relation* const relation = snapshot_.relation(home_of(id).oid);
  if (relation == nullptr || home_of(id).catalog != Catalog::relation) return {};
  for (const Dependency& row : dependencies_.of(id)) {
    const bool goes_along = row.kind != Dependency::Kind::normal && row.kind != Dependency::Kind::extension;
    const ObjectId home = home_of(row.on);
    const auto place = goes_along ? place_of(places_.contains(home) ? home : row.on) : std::nullopt;
    if (!place) continue;
    const Oid other = home.oid;
    const bool sequence = relation->kind == RelationKind::sequence && relation->table == other;
    const auto& parents = relation->parents;
    if (!sequence && std::find(parents.begin(), parents.end(), other) == parents.end()) continue;
    return {true, *place,
            (sequence ? std::string("sequence of ")
                      : "partition " + snapshot_.relation_text(relation->oid) + " of ") +
                snapshot_.relation_text(other)};
  }
  return {};
}

void Drops::add_effect(const ObjectId& id, const Route& route) {
  switch (id.catalog) {
    case Catalog::relation: return drop_relation(id, route);
    case Catalog::type: return drop_type(id.oid, route);
    case Catalog::function: return drop_function(id.oid, route);
    case Catalog::schema: {
      const Schema* const schema = snapshot_.schema(id.oid);
      if (schema == nullptr) return give_up_on("a schema", route);
      return effects_.on_named(Action::drop_schema, ObjectKind::schema, {{}, {}, schema->name}, id.oid,
                               route);
    }
    case Catalog::default_value:
    case Catalog::constraint:
    case Catalog::rule:
    case Catalog::trigger:
    case Catalog::policy: break;
  }
  drop_small(id, route);
}

void Drops::drop_relation(const ObjectId& id, const Route& route) {
  const Relation* const relation = snapshot_.relation(id.oid);
  if (relation == nullptr) return give_up_on("a relation", route);
  if (id.part != 0) return drop_column(*relation, id.part, route);
  effects_.touch(*relation, {catalog::drop_of(relation->kind)}, route);
}

void Drops::drop_column(const Relation& relation, std::int16_t number, const Route& route) {
  const auto column = std::ranges::find(relation.columns, number, &Column::number);
  if (column == relation.columns.end()) return give_up_on("a column", route);
  switch (relation.kind) {
    case RelationKind::view:
    case RelationKind::materialized_view:
      return effects_.touch(relation, {catalog::drop_of(relation.kind)}, route);
    case RelationKind::foreign_table: return effects_.touch(relation, {Action::alter_foreign_table}, route);
    case RelationKind::composite_type: {
      const Schema* const schema = snapshot_.schema(relation.schema);
      const Type* const type = schema != nullptr ? snapshot_.type(schema->name, relation.name) : nullptr;
      return on_type(Action::alter_type, type != nullptr ? type->oid : kNoOid, route);
    }
    case RelationKind::table:
    case RelationKind::partitioned_table:
      return effects_.touch(relation, {Action::alter_table_drop_column, {{column->name}, false}}, route);
    case RelationKind::index:
    case RelationKind::partitioned_index:
    case RelationKind::sequence:
    case RelationKind::toast_table: break;
  }
  give_up_on("a column of " + snapshot_.relation_text(relation.oid), route);
}

void Drops::drop_type(Oid oid, const Route& route) {
  const Type* const type = snapshot_.type(oid);
  const bool domain = type != nullptr && type->kind == Type::Kind::domain;
  on_type(domain ? Action::drop_domain : Action::drop_type, oid, route);
}

void Drops::on_type(Action action, Oid oid, const Route& route) {
  const Type* const type = snapshot_.type(oid);
  const Schema* const schema = type != nullptr ? snapshot_.schema(type->schema) : nullptr;
  if (schema == nullptr) return give_up_on("a type", route);
  effects_.on_named(action, ObjectKind::type, {{}, schema->name, type->name}, oid, route);
}

void Drops::drop_function(Oid oid, const Route& route) {
  const Function* const function = snapshot_.function(oid);
  if (function == nullptr) return give_up_on("a function", route);
  effects_.on_function(drop_of(function->kind), oid, route, false);
}

void Drops::drop_small(const ObjectId& id, const Route& route) {
  const SmallObject* const object = dependencies_.object(id);
  if (object == nullptr)
    return give_up_on("an object of catalog " + std::to_string(static_cast<int>(id.catalog)), route);
  using Kind = SmallObject::Kind;
  switch (object->kind) {
    case Kind::default_value: return on_part(Action::alter_table_drop_default, *object, route);
    case Kind::constraint: return on_part(Action::alter_table_drop_constraint, *object, route);
    case Kind::trigger: return on_part(Action::drop_trigger, *object, route);
    case Kind::rule: return on_part(Action::drop_rule, *object, route);
    case Kind::policy: return on_part(Action::drop_policy, *object, route);
    case Kind::statistics:
      on_part(Action::drop_statistics, *object, route);
      return on_other(Action::drop_statistics, *object, route);
    case Kind::publication_member:
      return effects_.on_named(Action::alter_publication, ObjectKind::other, {{}, {}, object->name}, id.oid,
                               route);
    case Kind::domain_constraint: return on_type(Action::alter_domain, object->of, route);
    case Kind::operator_: return on_other(Action::drop_operator, *object, route);
    case Kind::operator_class: return on_other(Action::drop_operator_class, *object, route);
    case Kind::operator_family: return on_other(Action::drop_operator_family, *object, route);
    case Kind::cast: return on_type(Action::drop_cast, object->of, route);
    case Kind::other: break;
  }
  give_up_on(object->name, route);
}

void Drops::on_part(Action action, const SmallObject& part, const Route& route) {
  const Relation* const relation = snapshot_.relation(part.of);
  if (relation == nullptr) return give_up_on(part.name, route);
  Touch what{action};
  if (action == Action::alter_table_drop_default) what.columns = {{part.name}, false};
  effects_.touch(*relation, std::move(what), route);
}

void Drops::on_other(Action action, const SmallObject& object, const Route& route) {
  const Schema* const schema = snapshot_.schema(object.schema);
  if (schema == nullptr) return give_up_on(object.name, route);
  effects_.on_named(action, ObjectKind::other, {{}, schema->name, object.name}, object.id.oid, route);
}

// No rule can allow it (policy/standing.hpp).
void Drops::give_up_on(std::string description, const Route& route) {
  effects_.on_named(Action::cascade, ObjectKind::other,
                    {{}, {}, description.empty() ? "an unknown object" : std::move(description)}, kNoOid,
                    route);
}

}  // namespace portcullis::catalog
