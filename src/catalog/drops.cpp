// The objects that go: from what the statement drops to all that needs it.
#include "catalog/drops.hpp"

#include <algorithm>
#include <array>

#include "catalog/resolve_actions.hpp"

namespace portcullis::catalog {
namespace {

using sql::Action;
using sql::ObjectKind;

// Whose CASCADE is understood.
constexpr auto kUnderstood = std::to_array<Action>({
    Action::truncate,
    Action::alter_table_drop_column,
    Action::alter_table_drop_constraint,
    Action::drop_aggregate,
    Action::drop_domain,
    Action::drop_foreign_table,
    Action::drop_function,
    Action::drop_index,
    Action::drop_materialized_view,
    Action::drop_policy,
    Action::drop_procedure,
    Action::drop_routine,
    Action::drop_rule,
    Action::drop_schema,
    Action::drop_sequence,
    Action::drop_table,
    Action::drop_trigger,
    Action::drop_type,
    Action::drop_view,
});

bool is_understood_action(Action action) {
  return std::find(kUnderstood.begin(), kUnderstood.end(), action) != kUnderstood.end();
}

// No other sub-command of ALTER TABLE has a CASCADE of its own.
bool has_no_cascade(Action action) {
  return action >= Action::alter_table_add_column && action <= Action::alter_table_detach_partition_finalize;
}

// Whose parts a statement names by names of their own, which the facts do not hold: any of them may be meant.
std::optional<Catalog> catalog_of_parts(Action action) {
  if (action == Action::alter_table_drop_constraint) return Catalog::constraint;
  if (action == Action::drop_trigger) return Catalog::trigger;
  if (action == Action::drop_rule) return Catalog::rule;
  if (action == Action::drop_policy) return Catalog::policy;
  return std::nullopt;
}

bool is_same_object(const ObjectId& one, const ObjectId& other) {
  return one.oid == other.oid && one.catalog == other.catalog;
}

ObjectId whole(ObjectId id) {
  id.part = 0;
  return id;
}

}  // namespace

void Drops::run() {
  if (!is_understood()) {
    const auto cause = static_cast<std::int32_t>(first_);
    return give_up_on(statement_.kind, {Via::cascade, cause, statement_.kind + " ... CASCADE"});
  }
  const std::size_t written = effects_.size();
  for (std::size_t index = first_; index < written; ++index) add_roots(index);
  find_all();
  settle();
  for (std::size_t place = 0; place < found_.size() && !effects_.full(); ++place) emit(place);
}

// CASCADE stands on the same object as what it belongs to.
bool Drops::is_understood() const {
  const auto& all = statement_.effects;
  return std::all_of(all.begin(), all.end(), [&](const sql::Effect& cascade) {
    if (cascade.action != Action::cascade) return true;
    bool known = false;
    for (const sql::Effect& other : all) {
      const bool beside = other.kind == cascade.kind && other.object == cascade.object;
      if (!beside || other.action == Action::cascade) continue;
      const bool understood = is_understood_action(other.action);
      if (!understood && !has_no_cascade(other.action)) return false;
      known = known || understood;
    }
    return known;
  });
}

// DROP COLUMN and DROP CONSTRAINT do it to the children of a table, whose effects follow from its own.
// Children that DROP TABLE takes along are found.
void Drops::add_roots(std::size_t index) {
  const ResolvedEffect effect = effects_[index];
  const Action action = effect.effect.action;
  if (effect.via == Via::inheritance && is_drop_of_relation(action))
    children_.emplace(effect.oid, static_cast<std::int32_t>(index));
  const bool to_child = effect.via == Via::inheritance && !is_drop_of_relation(action);
  if (effect.missing || (effect.via != Via::written && !to_child)) return;
  if (effect.effect.kind == ObjectKind::schema) {
    const Schema* const schema = snapshot_.schema(effect.effect.object.name);
    if (action == Action::drop_schema && schema != nullptr)
      add_root({schema->oid, Catalog::schema, 0}, index);
    return;
  }
  if (effect.oid == kNoOid) return;
  if (is_drop_of_function(action)) return add_root({effect.oid, Catalog::function, 0}, index);
  if (effect.effect.kind == ObjectKind::type &&
      (action == Action::drop_type || action == Action::drop_domain))
    return add_root({effect.oid, Catalog::type, 0}, index);
  const Relation* const relation =
      effect.effect.kind == ObjectKind::relation ? snapshot_.relation(effect.oid) : nullptr;
  if (relation == nullptr) return;
  if (is_drop_of_relation(action) || action == Action::drop_index)
    return add_root({effect.oid, Catalog::relation, 0}, index);
  if (const auto catalog = catalog_of_parts(action)) {
    for (const ObjectId& part : dependencies_.parts_of(effect.oid, *catalog)) add_root(part, index);
  }
  if (action != Action::alter_table_drop_column) return;
  for (const std::string& name : effect.effect.columns) {
    const Column* const column = relation->column(name);
    if (column != nullptr) add_root({effect.oid, Catalog::relation, column->number}, index);
  }
}

void Drops::add_root(const ObjectId& id, std::size_t index) {
  const std::size_t place = found_.size();
  add(id, place);
  if (found_.size() == place) return;
  found_[place].effect = static_cast<std::int32_t>(index);
  found_[place].settled = found_[place].done = true;
}

void Drops::add(const ObjectId& id, std::size_t because) {
  if (places_.try_emplace(id, found_.size()).second) found_.push_back({.id = id, .because = because});
}

// What belongs to something else is not dropped alone: that goes too.
void Drops::find_all() {
  for (std::size_t place = 0; place < found_.size(); ++place) {
    const ObjectId id = found_[place].id;
    for (const Dependency& row : dependencies_.on(id)) {
      if (!is_same_object(row.dependent, id)) add(row.dependent, place);
    }
    for (const Dependency& row : dependencies_.of(id)) {
      const bool owned = row.kind == Dependency::Kind::internal || row.kind == Dependency::Kind::extension;
      if (owned && !is_same_object(row.on, id)) add(row.on, place);
    }
  }
}

std::optional<std::size_t> Drops::place_of(const ObjectId& id) const {
  auto found = places_.find(id);
  if (found == places_.end()) found = places_.find(whole(id));
  if (found == places_.end()) return std::nullopt;
  return found->second;
}

// The relation that it is part of; else itself.
ObjectId Drops::home_of(const ObjectId& id) const {
  if (id.catalog == Catalog::relation) {
    const Relation* const relation = snapshot_.relation(id.oid);
    const bool is_index = relation != nullptr && (relation->kind == RelationKind::index ||
                                                  relation->kind == RelationKind::partitioned_index);
    return {is_index ? relation->table : id.oid, Catalog::relation, 0};
  }
  const SmallObject* const object = dependencies_.object(id);
  if (object == nullptr || object->of == kNoOid || object->kind == SmallObject::Kind::cast) return id;
  const bool of_type = object->kind == SmallObject::Kind::domain_constraint;
  return {object->of, of_type ? Catalog::type : Catalog::relation, 0};
}

bool Drops::goes_with_home(const ObjectId& id) const {
  const ObjectId home = home_of(id);
  return home != id && places_.contains(home);
}

// A relation that a statement can name without naming another. A composite type is named as a type.
bool Drops::stands_for_itself(const ObjectId& id) const {
  if (id.catalog != Catalog::relation) return false;
  const Relation* const relation = snapshot_.relation(id.oid);
  return relation == nullptr || relation->kind != RelationKind::composite_type;
}

// Dropped without a word with what it needs, and nothing that has a judgement of its own: a column's index,
// default and constraint, a type's array. Columns have one.
bool Drops::is_part_by(const Dependency& row) const {
  switch (row.kind) {
    case Dependency::Kind::normal:
    case Dependency::Kind::extension:
    case Dependency::Kind::automatic_extension: return false;
    case Dependency::Kind::internal:
      if (!stands_for_itself(row.dependent)) return true;
      break;
    case Dependency::Kind::automatic:
    case Dependency::Kind::partition_first:
    case Dependency::Kind::partition_second: break;
  }
  const bool is_column = row.dependent.catalog == Catalog::relation && row.dependent.part != 0;
  return !is_column && home_of(row.dependent) == home_of(row.on);
}

// Parts of each other in a circle are settled by none of them: they have effects of their own.
void Drops::settle() {
  const auto parts_by = [&](const Found& found, bool settled) {
    const auto rows = dependencies_.of(found.id);
    return std::any_of(rows.begin(), rows.end(), [&](const Dependency& row) {
      const auto place = row.dependent == found.id ? place_of(row.on) : std::nullopt;
      return place && is_part_by(row) && (!settled || found_[*place].settled);
    });
  };
  for (Found& found : found_) {
    if (found.settled) continue;
    const bool with_home = goes_with_home(found.id);
    found.own_effect = !with_home && !parts_by(found, false);
    found.settled = with_home || found.own_effect;
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (Found& found : found_) {
      if (found.settled || !parts_by(found, true)) continue;
      found.settled = changed = true;
    }
  }
  for (Found& found : found_) found.own_effect = found.own_effect || !found.settled;
}

}  // namespace portcullis::catalog
