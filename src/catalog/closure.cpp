#include "catalog/closure.hpp"

#include <algorithm>
#include <utility>

#include "catalog/resolve_actions.hpp"

namespace portcullis::catalog {
namespace {

using sql::Action;
using sql::ObjectKind;

std::uint64_t key_of(Oid oid, const Touch& what, Via via) {
  return (std::uint64_t{oid} << 32U) | (static_cast<std::uint64_t>(what.action) << 16U) |
         (static_cast<std::uint64_t>(via) << 4U) | (what.has_where ? 2U : 0U);
}

bool says(const ColumnSet& known, const ColumnSet& asked) {
  return known.all || (!asked.all && std::includes(known.columns.begin(), known.columns.end(),
                                                   asked.columns.begin(), asked.columns.end()));
}

void add_to(ColumnSet& known, const ColumnSet& more) {
  known.all = known.all || more.all;
  known.columns.insert(known.columns.end(), more.columns.begin(), more.columns.end());
  sort_columns(known.columns);
}

}  // namespace

void EffectList::add(ResolvedEffect effect) {
  if (full_) return;
  full_ = effects_.size() + 1 == kMaxEffects;
  if (full_) {
    effect.effect.object = {};
    effect.oid = kNoOid;
    effect.missing = true;
  }
  effects_.push_back(std::move(effect));
}

void EffectList::add_written(ResolvedEffect effect) {
  // What is done to ONLY a table says nothing of what follows from doing it to its children too.
  if (effect.oid != kNoOid && effect.effect.kind == ObjectKind::relation && !effect.effect.only) {
    ColumnSet columns{effect.effect.columns, effect.all_columns};
    sort_columns(columns.columns);
    (void)is_new(effect.oid, {effect.effect.action, std::move(columns), effect.effect.has_where},
                 Via::written);
  }
  add(std::move(effect));
}

bool EffectList::is_new(Oid oid, const Touch& what, Via via) {
  const auto [known, first] = seen_.try_emplace(key_of(oid, what, via), what.columns);
  if (first) return true;
  if (says(known->second, what.columns)) return false;
  add_to(known->second, what.columns);
  return true;
}

void EffectList::touch(const Relation& relation, Touch what, const Route& route) {
  if (full_) return;
  const auto written = seen_.find(key_of(relation.oid, what, Via::written));
  if (written != seen_.end() && says(written->second, what.columns)) return;
  if (!is_new(relation.oid, what, route.via)) return;
  ResolvedEffect found{.effect = {.action = what.action}};
  found.effect.kind = ObjectKind::relation;
  if (const Schema* const schema = snapshot_.schema(relation.schema))
    found.effect.object.schema = schema->name;
  found.effect.object.name = relation.name;
  found.effect.columns = std::move(what.columns.columns);
  found.effect.has_where = what.has_where;
  found.effect.location = route.location;
  found.all_columns = what.columns.all;
  found.via = route.via;
  found.cause = route.cause;
  found.through = route.through;
  found.oid = relation.oid;
  found.relation_kind = relation.kind;
  add(std::move(found));
}

void EffectList::on_function(Action action, Oid oid, const Route& route, bool with_own) {
  if (full_) return;
  const Function* const function = snapshot_.function(oid);
  const std::string_view own_name =
      function == nullptr ? snapshot_.builtin_function_name(oid) : std::string_view{};
  // What sets the session's settings is nothing that a table's owner may choose for others.
  if (function == nullptr && (own_name.empty() || (!with_own && own_name != "set_config"))) return;
  if (!is_new(oid, {.action = action}, route.via)) return;
  ResolvedEffect found{.effect = {.action = action}};
  found.effect.kind = ObjectKind::function;
  found.effect.location = route.location;
  found.via = route.via;
  found.cause = route.cause;
  found.through = route.through;
  if (function != nullptr) {
    if (const Schema* const schema = snapshot_.schema(function->schema))
      found.effect.object.schema = schema->name;
    found.effect.object.name = function->name;
    found.oid = oid;
    found.arguments = function->arguments;
    found.body_hash = function->body_hash;
    found.extension = function->extension;
  } else {
    found.effect.object = {{}, std::string(kOwnSchema), std::string(own_name)};
  }
  add(std::move(found));
}

void EffectList::on_named(Action action, ObjectKind kind, sql::Name name, Oid oid, const Route& route) {
  if (full_ || !is_new(oid, {.action = action}, route.via)) return;
  ResolvedEffect found{.effect = {.action = action}};
  found.effect.kind = kind;
  found.effect.object = std::move(name);
  found.effect.location = route.location;
  found.via = route.via;
  found.cause = route.cause;
  found.through = route.through;
  add(std::move(found));
}

Route Closure::route(const Step& step, Via via, std::string through) const {
  return {via, static_cast<std::int32_t>(step.index), std::move(through), step.location};
}

ColumnSet Closure::columns(const Step& step) const {
  const ResolvedEffect& effect = effects_[step.index];
  return {effect.effect.columns, effect.all_columns};
}

std::string Closure::on_relation(std::string_view what, const Attached& attached,
                                 const Relation& relation) const {
  const std::string name = attached.name.empty() ? std::string() : ' ' + attached.name;
  return std::string(what) + name + " on " + snapshot_.relation_text(relation.oid);
}

void Closure::follow(std::size_t index) {
  const ResolvedEffect& effect = effects_[index];
  const sql::Action action = effect.effect.action;
  if (effect.effect.kind != ObjectKind::relation || effect.oid < kFirstUserOid || makes_object(action) ||
      action == Action::cascade)
    return;
  const Relation* const relation = snapshot_.relation(effect.oid);
  if (relation == nullptr) return;
  const Step step{index, action, *relation, effect.effect.has_where, effect.effect.location};
  follow_children(step);
  follow_index(step);
  follow_code(step);
  follow_foreign_keys(step);
  if (action == Action::truncate && cascades_) follow_truncate(step);
  if (is_drop_of_relation(action)) follow_drop(step);
  if (action == Action::alter_table_alter_column_type) follow_change_of_type(step);
}

// INSERT and COPY FROM go to the partitions of a table, but not to tables that inherit from it (manual,
// "Inheritance").
void Closure::follow_children(const Step& step) {
  if (step.relation.children.empty() || !spreads_to_children(step.action)) return;
  if (effects_[step.index].effect.only) return;
  const bool partitions = step.relation.kind == RelationKind::partitioned_table ||
                          step.relation.kind == RelationKind::partitioned_index;
  if (!partitions && (step.action == Action::insert || is_copy_from(step.action))) return;
  const ColumnSet asked = columns(step);
  const std::string parent = snapshot_.relation_text(step.relation.oid);
  for (const Oid oid : step.relation.children) {
    const Relation* const child = snapshot_.relation(oid);
    if (child == nullptr) continue;
    const Action action = is_drop_of_relation(step.action) ? drop_of(child->kind) : step.action;
    effects_.touch(
        *child, {action, asked, step.has_where},
        route(step, Via::inheritance,
              (partitions ? "partition " : "child table ") + snapshot_.relation_text(oid) + " of " + parent));
  }
}

// What is done to an index is done to its table.
void Closure::follow_index(const Step& step) {
  const bool is_index =
      step.relation.kind == RelationKind::index || step.relation.kind == RelationKind::partitioned_index;
  const Relation* const table = is_index ? snapshot_.relation(step.relation.table) : nullptr;
  if (table == nullptr) return;
  effects_.touch(*table, {step.action},
                 route(step, Via::cascade,
                       "index " + snapshot_.relation_text(step.relation.oid) + " of " +
                           snapshot_.relation_text(table->oid)));
}

}  // namespace portcullis::catalog
