#include "session/effect_traits.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <variant>

#include "policy/builtin_calls.hpp"
#include "policy/builtins.hpp"
#include "policy/function_entry.hpp"
#include "policy/object_name.hpp"
#include "policy/settings.hpp"
#include "portcullis/policy/bound.hpp"

namespace portcullis::session {
namespace {

using audit::EffectTraits;
using catalog::ResolvedEffect;
using catalog::Snapshot;
using policy::ObjectArgument;
using sql::Action;

constexpr catalog::Oid kJson = 114;  // pg_type.dat

std::string schema_of(const Snapshot& snapshot, catalog::Oid oid) {
  const auto* schema = snapshot.schema(oid);
  return schema == nullptr ? std::string() : schema->name;
}

std::string quoted(const Snapshot& snapshot, const catalog::Relation& relation) {
  return policy::quoted({{}, schema_of(snapshot, relation.schema), relation.name});
}

std::vector<std::string> parts_of(const sql::Name& name) {
  std::vector<std::string> parts{name.name};
  if (!name.schema.empty() || !name.database.empty()) parts.insert(parts.begin(), name.schema);
  if (!name.database.empty()) parts.insert(parts.begin(), name.database);
  return parts;
}

// Protections of a table are those of its partitions too.
void add_ancestors(const Snapshot& snapshot, catalog::Oid oid, std::vector<std::string>& names) {
  const auto* own = snapshot.relation(oid);
  if (own == nullptr || own->parents.empty()) return;
  std::set<catalog::Oid> seen{oid};
  std::vector<catalog::Oid> left{oid};
  while (!left.empty()) {
    const auto* relation = snapshot.relation(left.back());
    left.pop_back();
    if (relation == nullptr) continue;
    for (const catalog::Oid parent : relation->parents) {
      if (!seen.insert(parent).second) continue;
      left.push_back(parent);
      if (const auto* found = snapshot.relation(parent)) names.push_back(quoted(snapshot, *found));
    }
  }
}

void add_column(const sql::AddedColumn& column, EffectTraits& traits) {
  traits.column = column.column;
  switch (column.default_expression) {
    case sql::DefaultExpression::none: break;
    case sql::DefaultExpression::constant: traits.column_default = "constant"; break;
    case sql::DefaultExpression::other: traits.column_default = "other"; break;
  }
  traits.not_null = !column.nullable;
  traits.other_type = !column.base_type;
  traits.constraint = column.inline_constraint;
}

// Whose default takes numbers from the sequence may be filled by whoever may fill the column.
void add_owner(const std::string& named, const Snapshot& snapshot, EffectTraits& traits) {
  const auto name = policy::parse_object_name(named);
  if (!std::holds_alternative<sql::Name>(name)) return;
  const auto& sequence = std::get<sql::Name>(name);
  const auto* found = snapshot.relation(sequence.schema, sequence.name);
  if (found == nullptr || found->kind != catalog::RelationKind::sequence) return;
  const auto* table = snapshot.relation(found->table);
  if (table != nullptr)
    traits.owner = {quoted(snapshot, *table), policy::column_filled_by(*table, found->oid)};
}

void add_name(const sql::Effect& call, const ObjectArgument& argument, const Snapshot* snapshot,
              EffectTraits& traits) {
  const auto constant = policy::name_in_call(call, argument);
  if (!constant) return;
  if (traits.names.size() <= argument.position) traits.names.resize(argument.position + 1U);
  traits.names[argument.position] = *constant;
  const std::size_t next = argument.position + 1U;
  if (argument.kind == ObjectArgument::Kind::sequence && snapshot != nullptr)
    add_owner(*constant, *snapshot, traits);
  if (argument.kind != ObjectArgument::Kind::setting || argument.mode == ObjectArgument::Mode::read) return;
  const bool is_constant = next < call.arguments.size() && call.arguments[next];
  traits.computed = !is_constant;
  if (is_constant && policy::value_decides(*constant)) traits.values = {*call.arguments[next]};
}

void add_call(const sql::Effect& call, const Snapshot* snapshot, EffectTraits& traits) {
  const auto* listed = policy::builtin_function(call.object.schema, call.object.name);
  if (listed == nullptr) return;
  for (const auto& argument : listed->objects) add_name(call, argument, snapshot, traits);
  if (!listed->json_cast || snapshot == nullptr) return;
  for (const auto& cast : snapshot->casts()) {
    const auto* function = cast.target == kJson ? snapshot->function(cast.function) : nullptr;
    if (function == nullptr) continue;
    const sql::Name name{{}, schema_of(*snapshot, function->schema), function->name};
    traits.casts.push_back(policy::signature(name, function->arguments));
  }
}

void add_setting(const sql::Effect& effect, EffectTraits& traits) {
  traits.computed = !effect.value_is_constant;
  const bool is_role =
      effect.action == Action::set_role || effect.action == Action::set_session_authorization;
  if (is_role || policy::value_decides(sql::to_text(effect.object))) traits.values = effect.values;
}

bool is_setting(Action action) noexcept {
  return action == Action::set || action == Action::reset || action == Action::set_role ||
         action == Action::set_session_authorization;
}

}  // namespace

EffectTraits traits_of(const ResolvedEffect& resolved, const Snapshot* snapshot) {
  EffectTraits traits;
  const sql::Effect& effect = resolved.effect;
  if (effect.kind != sql::ObjectKind::relation) traits.kind = sql::name(effect.kind);
  if (!sql::is_plain(effect.object)) traits.parts = parts_of(effect.object);
  if (resolved.via != catalog::Via::written) traits.via = catalog::name(resolved.via);
  if (resolved.cause >= 0) traits.cause = static_cast<std::uint64_t>(resolved.cause);
  traits.missing = resolved.missing;
  traits.missing_ok = effect.missing_ok;
  traits.where = effect.has_where;
  if (effect.added_column) add_column(*effect.added_column, traits);
  if (is_setting(effect.action)) add_setting(effect, traits);
  if (effect.action == Action::execute_function) add_call(effect, snapshot, traits);
  if (resolved.oid == catalog::kNoOid) return traits;
  traits.oid = resolved.oid;
  if (effect.kind == sql::ObjectKind::function) {
    traits.arguments = resolved.arguments;
    traits.body = resolved.body_hash;
    traits.extension = resolved.extension;
  }
  if (effect.kind != sql::ObjectKind::relation) return traits;
  if (resolved.relation_kind != catalog::RelationKind::table)
    traits.relation = static_cast<char>(resolved.relation_kind);
  if (snapshot != nullptr) add_ancestors(*snapshot, resolved.oid, traits.part_of);
  return traits;
}

audit::EffectRecord effect_record(const policy::EffectDecision& effect, const catalog::Resolution* resolution,
                                  const catalog::Snapshot* snapshot) {
  audit::EffectRecord record{std::string(sql::name(effect.action)),
                             sql::to_text(effect.object),
                             std::string(policy::name(effect.outcome)),
                             effect.rule,
                             effect.reason,
                             std::string(policy::name(effect.ground)),
                             effect.route,
                             effect.columns,
                             effect.all_columns};
  if (resolution != nullptr && effect.index < resolution->effects.size())
    record.traits = traits_of(resolution->effects[effect.index], snapshot);
  return record;
}

}  // namespace portcullis::session
