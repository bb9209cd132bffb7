#include "session/outlives_reset.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/holds.hpp"
#include "policy/builtins.hpp"
#include "sql/builtin_names.hpp"

namespace portcullis::session {
namespace {

using catalog::Attached;
using catalog::Relation;
using catalog::RelationKind;
using catalog::ResolvedEffect;
using catalog::Snapshot;
using sql::Action;

constexpr auto kOnRows = std::to_array<Action>({
    Action::select,
    Action::insert,
    Action::update,
    Action::delete_,
    Action::select_for_update,
    Action::lock,
    Action::copy_from_stdin,
    Action::copy_to_stdout,
});

constexpr auto kRolledBack = std::to_array<Action>({
    Action::select,
    Action::insert,
    Action::update,
    Action::delete_,
    Action::select_for_update,
});

constexpr auto kOfTheSession = std::to_array<Action>({
    Action::show,        Action::set_transaction,
    Action::set_role,    Action::set_session_authorization,
    Action::discard,     Action::begin,
    Action::commit,      Action::rollback,
    Action::savepoint,   Action::release,
    Action::rollback_to, Action::listen,
    Action::notify,      Action::unlisten,
    Action::explain,     Action::explain_analyze,
    Action::prepare,     Action::execute,
    Action::deallocate,  Action::declare_cursor,
    Action::fetch,       Action::move,
    Action::close,
});

// Volatile, and all that they leave is sequence caches and advisory locks, which DISCARD ALL takes away.
constexpr auto kHarmlessVolatile = std::to_array<std::string_view>({
    "clock_timestamp",
    "currval",
    "gen_random_uuid",
    "lastval",
    "nextval",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_advisory_unlock",
    "pg_advisory_unlock_all",
    "pg_advisory_unlock_shared",
    "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared",
    "pg_sleep",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared",
    "random",
    "timeofday",
});

// RESET ALL leaves `seed`, and of settings with a dot, which belong to extensions or to nobody, the name.
bool is_reset(const sql::Effect& effect) {
  const std::string& name = effect.object.name;
  const bool is_whole = name.empty() || name.find('.') == std::string::npos;
  return is_whole && effect.object.schema.empty() && name != "seed";
}

bool is_harmless_function(const ResolvedEffect& resolved) {
  const std::string& name = resolved.effect.object.name;
  if (resolved.oid != catalog::kNoOid) return false;
  if (base::holds(kHarmlessVolatile, name)) return resolved.effect.object.schema == "pg_catalog";
  const auto* listed = policy::builtin_function(resolved.effect.object.schema, name);
  if (listed == nullptr || listed->decision != policy::BuiltinDecision::allow) return false;
  return listed->objects.empty() && !listed->json_cast && !sql::is_builtin_volatile_function(name);
}

// Reading a value runs its type's output function, which may be an extension's code.
bool is_own_type(const Snapshot& snapshot, catalog::Oid oid) {
  if (oid < catalog::kFirstUserOid) return true;
  const auto* type = snapshot.type(oid);
  return type != nullptr && type->kind == catalog::Type::Kind::enumeration;
}

// Of an index, operator classes too, which planning alone may run.
bool runs_users_code(const Attached& attached) {
  return std::ranges::any_of(attached.functions,
                             [](catalog::Oid function) { return function >= catalog::kFirstUserOid; });
}

// Triggers, rules and defaults are effects of their own where they run. So are checks where rows are written;
// those of a partition run when a query on it is planned, too.
bool is_looked_at(const Attached& attached) {
  return attached.kind == Attached::Kind::index || attached.kind == Attached::Kind::check ||
         attached.kind == Attached::Kind::partition_key || attached.kind == Attached::Kind::statistics ||
         attached.kind == Attached::Kind::policy;
}

bool is_ordinary(const Relation& relation) {
  constexpr auto kKinds =
      std::to_array<RelationKind>({RelationKind::table, RelationKind::partitioned_table, RelationKind::view,
                                   RelationKind::materialized_view, RelationKind::sequence});
  return base::holds(kKinds, relation.kind) && !relation.temporary;
}

bool is_harmless_relation(const ResolvedEffect& resolved, const Snapshot& snapshot) {
  const auto& effect = resolved.effect;
  if (effect.kind != sql::ObjectKind::relation || effect.object.schema == "pg_temp") return false;
  // Those of PostgreSQL's own are only read: writing to pg_settings is SET.
  if (effect.object.schema == "pg_catalog")
    return effect.action == Action::select && resolved.oid < catalog::kFirstUserOid;
  const auto* relation = snapshot.relation(resolved.oid);
  if (relation == nullptr || !is_ordinary(*relation)) return false;
  return std::ranges::all_of(
             relation->columns,
             [&](const catalog::Column& column) { return is_own_type(snapshot, column.type); }) &&
         std::ranges::none_of(relation->attached, [](const Attached& attached) {
           return is_looked_at(attached) && runs_users_code(attached);
         });
}

// Which of PostgreSQL's own functions stand in defaults and checks is no effect. True where what runs of them
// is all `is_fine`.
template <class IsFine>
bool writes_only(const ResolvedEffect& resolved, const Snapshot& snapshot, IsFine is_fine) {
  const auto& effect = resolved.effect;
  constexpr auto kWrites = std::to_array<Action>({Action::insert, Action::update, Action::copy_from_stdin});
  const auto* relation = snapshot.relation(resolved.oid);
  if (!base::holds(kWrites, effect.action) || relation == nullptr) return true;
  // An UPDATE takes only defaults that it sets.
  const auto runs = [&](const Attached& attached) {
    const bool is_default = attached.kind == Attached::Kind::default_value &&
                            (effect.action != Action::update || effect.columns.empty() ||
                             base::holds(effect.columns, attached.name));
    return is_default || attached.kind == Attached::Kind::check;
  };
  return std::ranges::none_of(relation->attached,
                              [&](const Attached& attached) { return runs(attached) && !is_fine(attached); });
}

bool is_harmless_where_written(const Attached& attached, const Snapshot& snapshot) {
  return std::ranges::all_of(attached.functions, [&](catalog::Oid function) {
    const auto name = snapshot.builtin_function_name(function);
    return !name.empty() &&
           (base::holds(kHarmlessVolatile, name) || !sql::is_builtin_volatile_function(name));
  });
}

bool is_harmless(const ResolvedEffect& resolved, const Snapshot& snapshot) {
  const Action action = resolved.effect.action;
  if (resolved.missing) return false;
  if (action == Action::execute_function) return is_harmless_function(resolved);
  if (action == Action::set || action == Action::reset) return is_reset(resolved.effect);
  if (!base::holds(kOnRows, action)) return base::holds(kOfTheSession, action);
  return is_harmless_relation(resolved, snapshot) &&
         writes_only(resolved, snapshot,
                     [&](const Attached& attached) { return is_harmless_where_written(attached, snapshot); });
}

// What is volatile may advance a sequence, which a serial's and an identity's default names.
bool is_rolled_back_where_written(const Attached& attached, const Snapshot& snapshot) {
  const auto is_volatile = [&](catalog::Oid function) {
    const auto name = snapshot.builtin_function_name(function);
    return name.empty() || sql::is_builtin_volatile_function(name);
  };
  const auto is_sequence = [&](const catalog::Access& access) {
    const auto* named = snapshot.relation(access.relation);
    return named != nullptr && named->kind == RelationKind::sequence;
  };
  return std::ranges::none_of(attached.functions, is_volatile) &&
         std::ranges::none_of(attached.accesses, is_sequence);
}

// What is volatile may advance a sequence, or ask for a lock of the session's.
bool is_rolled_back(const ResolvedEffect& resolved, const Snapshot& snapshot) {
  const auto& effect = resolved.effect;
  if (resolved.missing) return false;
  if (effect.action == Action::execute_function)
    return is_harmless_function(resolved) && !sql::is_builtin_volatile_function(effect.object.name);
  if (!base::holds(kRolledBack, effect.action) || !is_harmless_relation(resolved, snapshot)) return false;
  const auto* relation = snapshot.relation(resolved.oid);
  if (relation == nullptr) return effect.action == Action::select;
  return relation->kind != RelationKind::sequence &&
         writes_only(resolved, snapshot, [&](const Attached& attached) {
           return is_rolled_back_where_written(attached, snapshot);
         });
}

bool prepares_transaction(const sql::StatementFacts& statement) {
  using sql::TransactionControl;
  return statement.transaction == TransactionControl::prepare_transaction ||
         statement.transaction == TransactionControl::commit_prepared ||
         statement.transaction == TransactionControl::rollback_prepared;
}

}  // namespace

bool outlives_reset(const sql::Facts& meant, const catalog::Resolution* resolution,
                    const catalog::Snapshot* snapshot) {
  if (meant.statements.empty()) return false;  // comments alone
  if (resolution == nullptr || snapshot == nullptr || !resolution->has_catalog) return true;
  const bool is_read = std::ranges::all_of(meant.statements, [](const sql::StatementFacts& statement) {
    return !statement.not_understood && !prepares_transaction(statement);
  });
  return !is_read || !std::ranges::all_of(resolution->effects, [&](const ResolvedEffect& resolved) {
    return is_harmless(resolved, *snapshot);
  });
}

bool is_undone_by_rollback(const sql::Facts& meant, const catalog::Resolution* resolution,
                           const catalog::Snapshot* snapshot) {
  if (resolution == nullptr || snapshot == nullptr || !resolution->has_catalog) return false;
  const bool is_plain = std::ranges::all_of(meant.statements, [](const sql::StatementFacts& statement) {
    return !statement.not_understood && statement.transaction == sql::TransactionControl::none;
  });
  return is_plain && std::ranges::all_of(resolution->effects, [&](const ResolvedEffect& resolved) {
           return is_rolled_back(resolved, *snapshot);
         });
}

bool reaches_beyond(const catalog::Resolution* resolution, const catalog::Snapshot* snapshot) {
  if (resolution == nullptr || snapshot == nullptr || !resolution->has_catalog) return true;
  return std::ranges::any_of(resolution->effects, [&](const ResolvedEffect& resolved) {
    const Action action = resolved.effect.action;
    const bool is_control =
        base::holds(kOfTheSession, action) || action == Action::set || action == Action::reset;
    return !is_control && !is_rolled_back(resolved, *snapshot);
  });
}

}  // namespace portcullis::session
