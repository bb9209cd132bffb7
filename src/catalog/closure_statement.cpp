#include "catalog/closure_statement.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

#include "catalog/resolve_actions.hpp"
#include "sql/builtin_names.hpp"

namespace portcullis::catalog {
namespace {

using sql::Action;
using sql::ObjectKind;

constexpr Oid kRecord = 2249;  // pg_type.dat: the result of a function with OUT or TABLE columns, of any type

// Done to rows or to the table, without looking at a value. What finds the rows is a `select` of its own.
bool has_no_value(Action action) noexcept {
  return action == Action::delete_ || action == Action::truncate || action == Action::lock ||
         action == Action::select_for_update || action == Action::cascade || is_drop_of_relation(action);
}

bool is_own(Oid type) noexcept {
  return type < kFirstUserOid;
}

// The users' types that a value in the statement can have: those of columns and function results, those
// named, and what is made of or from them. Arrays, ranges and domains come about by their element: they count
// when that does.
class ValueTypes {
 public:
  explicit ValueTypes(const Snapshot& snapshot) : snapshot_(snapshot) {}

  void add(const ResolvedEffect& effect) {
    if (const Relation* const relation = snapshot_.relation(effect.oid);
        relation != nullptr && effect.effect.kind == ObjectKind::relation) {
      add_columns(*relation, effect);
    } else if (const Function* const function = snapshot_.function(effect.oid);
               function != nullptr && effect.effect.kind == ObjectKind::function) {
      any_ = any_ || function->result == kRecord;
      add(function->result);
      for (const Oid type : function->argument_types) add(type);
    } else if (effect.effect.kind == ObjectKind::type) {
      add(effect.oid);
    }
  }

  void add(Oid type) {
    std::vector<Oid> open{type};
    while (!open.empty()) {
      const Oid oid = open.back();
      open.pop_back();
      const Type* const found = is_own(oid) ? nullptr : snapshot_.type(oid);
      if (found == nullptr || !types_.insert(oid).second) continue;
      open.insert(open.end(), found->parts.begin(), found->parts.end());
      const Relation* const row = found->relation != kNoOid ? snapshot_.relation(found->relation) : nullptr;
      if (row == nullptr || !rows_.insert(row->oid).second) continue;
      for (const Column& column : row->columns) open.push_back(column.type);
    }
  }

  // A user's type only.
  [[nodiscard]] bool holds(Oid type) const {
    if (any_ || types_.contains(type)) return true;
    const Type* const found = snapshot_.type(type);
    if (found == nullptr) return true;  // not known to the catalog: it may be anything
    if (rows_.contains(found->relation)) return true;
    return found->kind != Type::Kind::composite &&
           std::any_of(found->parts.begin(), found->parts.end(),
                       [&](Oid part) { return types_.contains(part); });
  }

 private:
  // A value is there where a column of it is asked for, written, or spoken of in an expression. The WHERE of
  // COPY FROM may speak of columns that it does not name.
  void add_columns(const Relation& relation, const ResolvedEffect& effect) {
    if (has_no_value(effect.effect.action)) return;
    const bool of_columns = has_column_set(effect.effect.action) && !is_copy_from(effect.effect.action);
    if (effect.all_columns || !of_columns) return add_row(relation);
    for (const std::string& name : effect.effect.columns) {
      if (const Column* const column = relation.column(name)) add(column->type);
    }
  }

  void add_row(const Relation& relation) {
    if (!rows_.insert(relation.oid).second) return;
    for (const Column& column : relation.columns) {
      if (!is_own(column.type)) add(column.type);
    }
  }

  const Snapshot& snapshot_;
  std::unordered_set<Oid> types_, rows_;
  bool any_ = false;
};

struct Candidate {
  const Operator* used;
  bool certain;  // none of PostgreSQL's own can be meant
};

// A literal or parameter without a type takes the type of an operand, so one that a value can have is enough.
bool is_relevant(const Candidate& candidate, const ValueTypes& values) {
  const auto can_be = [&](Oid type) { return type != kNoOid && (is_own(type) || values.holds(type)); };
  return candidate.certain || can_be(candidate.used->left) || can_be(candidate.used->right);
}

bool is_relevant(const Cast& cast, const ValueTypes& values) {
  if (is_own(cast.source) && is_own(cast.target)) return true;
  return (!is_own(cast.source) && values.holds(cast.source)) ||
         (!is_own(cast.target) && values.holds(cast.target));
}

Route route_from(const EffectList& effects, std::size_t cause, Via via, std::string through) {
  const bool is_there = cause < effects.size();
  return {via, is_there ? static_cast<std::int32_t>(cause) : -1, std::move(through),
          is_there ? effects[cause].effect.location : -1};
}

std::vector<Candidate> candidates(const sql::StatementFacts& statement, const Names& names) {
  std::vector<Candidate> found;
  for (const sql::Name& name : statement.operators) {
    const bool certain = !name.schema.empty() || !sql::is_builtin_operator(name.name);
    for (const Operator* const used : names.operators(name)) found.push_back({used, certain});
  }
  return found;
}

// An operator that is used makes values of its operands' types, by casts: until no more come about.
std::vector<const Operator*> relevant_operators(std::vector<Candidate> open, ValueTypes& values) {
  std::vector<const Operator*> found;
  while (true) {
    const auto used = std::stable_partition(open.begin(), open.end(), [&](const Candidate& candidate) {
      return !is_relevant(candidate, values);
    });
    if (used == open.end()) return found;
    for (auto each = used; each != open.end(); ++each) {
      values.add(each->used->left);
      values.add(each->used->right);
      found.push_back(each->used);
    }
    open.erase(used, open.end());
  }
}

std::string text_of(const Snapshot& snapshot, Oid oid) {
  const Function* const function = snapshot.function(oid);
  const Schema* const schema = function != nullptr ? snapshot.schema(function->schema) : nullptr;
  return schema != nullptr ? schema->name + '.' + function->name : std::to_string(oid);
}

// Of databases, roles and tablespaces, which all databases share, there are no events (manual, "Overview of
// Event Trigger Behavior").
bool has_events(std::string_view tag) {
  constexpr auto kVerbs = std::to_array<std::string_view>(
      {"ALTER ", "COMMENT", "CREATE ", "DROP ", "GRANT", "IMPORT FOREIGN SCHEMA", "REFRESH MATERIALIZED VIEW",
       "REINDEX", "REVOKE", "SECURITY LABEL", "SELECT INTO"});
  constexpr auto kShared =
      std::to_array<std::string_view>({" DATABASE", " EVENT TRIGGER", " ROLE", " SYSTEM", " TABLESPACE"});
  return std::any_of(kVerbs.begin(), kVerbs.end(), [&](auto verb) { return tag.starts_with(verb); }) &&
         std::none_of(kShared.begin(), kShared.end(), [&](auto end) { return tag.ends_with(end); });
}

bool fires(const EventTrigger& trigger, std::string_view tag) {
  if (!trigger.tags.empty() &&
      std::find(trigger.tags.begin(), trigger.tags.end(), tag) == trigger.tags.end()) {
    return false;
  }
  const bool alters = tag.starts_with("ALTER ");
  if (trigger.event == "sql_drop") return alters || tag.starts_with("DROP ");
  return trigger.event != "table_rewrite" || alters;
}

}  // namespace

void add_operators_and_casts(const sql::StatementFacts& statement, const Names& names, EffectList& effects,
                             std::size_t first) {
  const Snapshot& snapshot = names.snapshot();
  auto operators = candidates(statement, names);
  const auto casts = snapshot.casts();
  if (operators.empty() && casts.empty()) return;
  ValueTypes values(snapshot);
  for (std::size_t index = first; index < effects.size(); ++index) {
    if (effects[index].oid != kNoOid) values.add(effects[index]);
  }
  for (const Operator* const used : relevant_operators(std::move(operators), values)) {
    effects.call(used->function,
                 route_from(effects, first, Via::operator_,
                            "operator " + names.schema_name(used->schema) + '.' + used->name),
                 true);
  }
  for (const Cast& cast : casts) {
    if (!is_relevant(cast, values)) continue;
    effects.call(cast.function,
                 route_from(effects, first, Via::operator_, "cast by " + text_of(snapshot, cast.function)),
                 true);
  }
}

void add_event_triggers(const sql::StatementFacts& statement, EffectList& effects, std::size_t first) {
  if (!has_events(statement.kind)) return;
  for (const EventTrigger& trigger : effects.snapshot().event_triggers()) {
    if (trigger.event == "login" || !fires(trigger, statement.kind)) continue;
    effects.call(trigger.function,
                 route_from(effects, first, Via::event_trigger, "event trigger " + trigger.name), true);
  }
}

}  // namespace portcullis::catalog
