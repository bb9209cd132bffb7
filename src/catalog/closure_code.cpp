// Code that hangs on relations: definitions of views, rules, triggers, policies and the expressions of
// defaults, checks and indexes.
#include <algorithm>
#include <unordered_set>

#include "catalog/closure.hpp"
#include "catalog/resolve_actions.hpp"

namespace portcullis::catalog {
namespace {

using sql::Action;

constexpr auto kWrites = {Action::insert, Action::update, Action::delete_};

bool is_write(Action action) {
  return std::find(kWrites.begin(), kWrites.end(), action) != kWrites.end();
}

bool happens(const Attached& attached, Event event) {
  return event != nullptr && attached.events.*event;
}

// A trigger or a rule that stands in for what a statement does to a view.
bool is_replaced(const Relation& view, Event event) {
  return std::any_of(view.attached.begin(), view.attached.end(), [&](const Attached& attached) {
    return attached.instead && attached.kind != Attached::Kind::view_definition && happens(attached, event);
  });
}

ColumnSet columns_of(const Access& access) {
  ColumnSet found{access.columns, access.all_columns};
  sort_columns(found.columns);
  return found;
}

std::string_view words(Attached::Kind kind) {
  switch (kind) {
    case Attached::Kind::view_definition: return "view";
    case Attached::Kind::rule: return "rule";
    case Attached::Kind::trigger: return "trigger";
    case Attached::Kind::policy: return "policy";
    case Attached::Kind::default_value: return "default of";
    case Attached::Kind::check: return "CHECK";
    case Attached::Kind::index: return "index";
    case Attached::Kind::partition_key: return "partition key";
    case Attached::Kind::statistics: return "statistics";
  }
  return {};
}

// ADD COLUMN writes the table anew for any default but a constant, and for a domain.
bool rewrites(const sql::Effect& effect) {
  if (evaluates_indexes(effect.action)) return true;
  const auto& added = effect.added_column;
  return added && (added->default_expression == sql::DefaultExpression::other || !added->base_type);
}

}  // namespace

void Closure::follow_code(const Step& step) {
  const Event event = event_of(step.action);
  const bool writes_row = step.action == Action::insert || step.action == Action::update;
  const bool whole_table = rewrites(effects_[step.index].effect);
  for (const Attached& attached : step.relation.attached) {
    switch (attached.kind) {
      case Attached::Kind::view_definition: follow_view(step, attached); break;
      case Attached::Kind::rule:
        if (happens(attached, event)) follow_rule(step, attached);
        break;
      case Attached::Kind::trigger:
        if (!happens(attached, event)) break;
        for (const Oid function : attached.functions) {
          effects_.call(function, route(step, Via::trigger, on_relation("trigger", attached, step.relation)),
                        false);
        }
        break;
      case Attached::Kind::policy:
        if (!step.relation.row_security) break;
        // Rows that are locked are seen through the policies for UPDATE too.
        if (happens(attached, event) ||
            (step.action == Action::select_for_update && attached.events.update)) {
          follow_policy(step, attached);
        }
        break;
      case Attached::Kind::default_value:
        if (step.action == Action::select) follow_generated_column(step, attached);
        [[fallthrough]];
      case Attached::Kind::check:
      case Attached::Kind::index:
      case Attached::Kind::partition_key:
        if (writes_row || whole_table) follow_stored_expression(step, attached, step.relation);
        break;
      case Attached::Kind::statistics:
        if (whole_table) follow_stored_expression(step, attached, step.relation);
        break;
    }
  }
  if (writes_row) {
    follow_parents_keys(step);
    follow_column_types(step);
  }
}

// What a materialized view holds came from its sources, so reading it counts as reading them. A view without
// INSTEAD is written through to the table that it shows.
void Closure::follow_view(const Step& step, const Attached& definition) {
  const bool locks = step.action == Action::select_for_update || step.action == Action::lock;
  const bool reads = step.action == Action::select || step.action == Action::refresh_materialized_view;
  if (!locks && !reads && !is_write(step.action)) return;
  const bool writes_through =
      locks || (is_write(step.action) && !is_replaced(step.relation, event_of(step.action)));
  const Route because = route(step, Via::view, "view " + snapshot_.relation_text(step.relation.oid));
  for (const Access& access : definition.accesses) {
    const Relation* const relation = snapshot_.relation(access.relation);
    if (relation == nullptr || relation == &step.relation) continue;
    ColumnSet columns = columns_of(access);
    if (writes_through) {
      const bool has_columns = step.action == Action::insert || step.action == Action::update;
      effects_.touch(*relation, {step.action, has_columns ? columns : ColumnSet{}, step.has_where}, because);
    }
    effects_.touch(*relation, {Action::select, std::move(columns)}, because);
  }
  for (const Oid function : definition.functions) effects_.call(function, because, true);
}

// What a rule does to the tables that it names is not known: it may do anything.
void Closure::follow_rule(const Step& step, const Attached& rule) {
  const Route because = route(step, Via::rule, on_relation("rule", rule, step.relation));
  for (const Access& access : rule.accesses) {
    const Relation* const relation = snapshot_.relation(access.relation);
    if (relation == nullptr) continue;
    effects_.touch(*relation, {Action::select, columns_of(access)}, because);
    for (const Action action : kWrites) {
      effects_.touch(*relation, {action, {{}, action != Action::delete_}}, because);
    }
  }
  for (const Oid function : rule.functions) effects_.call(function, because, true);
}

// The columns of its own table a policy compares without showing them.
void Closure::follow_policy(const Step& step, const Attached& policy) {
  const Route because = route(step, Via::policy, on_relation("policy", policy, step.relation));
  for (const Access& access : policy.accesses) {
    const Relation* const relation = snapshot_.relation(access.relation);
    if (relation == nullptr || relation == &step.relation) continue;
    effects_.touch(*relation, {Action::select, columns_of(access)}, because);
  }
  for (const Oid function : policy.functions) effects_.call(function, because, true);
}

// What it shows came from columns of its own row; no other default reads any (a serial's names its sequence,
// which is used when the row is written). A virtual column's is worked out when it is read.
void Closure::follow_generated_column(const Step& step, const Attached& column) {
  if (!touches(columns(step), {column.name})) return;
  const Route because = route(step, Via::stored_expression,
                              "column " + snapshot_.relation_text(step.relation.oid) + '.' + column.name);
  for (const Access& access : column.accesses) {
    if (access.relation != step.relation.oid) continue;
    effects_.touch(step.relation, {Action::select, columns_of(access)}, because);
  }
  if (!column.events.select) return;
  for (const Oid function : column.functions) effects_.call(function, because, false);
}

// The table's owner chose which of PostgreSQL's own functions they call.
void Closure::follow_stored_expression(const Step& step, const Attached& expression,
                                       const Relation& relation) {
  if (expression.functions.empty()) return;
  std::string through = expression.kind == Attached::Kind::default_value
                            ? "default of " + snapshot_.relation_text(relation.oid) + '.' + expression.name
                            : on_relation(words(expression.kind), expression, relation);
  const Route because = route(step, Via::stored_expression, std::move(through));
  for (const Oid function : expression.functions) effects_.call(function, because, false);
}

// A row written to a partition is held against the keys of the tables above it.
void Closure::follow_parents_keys(const Step& step) {
  std::unordered_set<Oid> visited;
  std::vector<Oid> open = step.relation.parents;
  while (!open.empty()) {
    const Relation* const parent = snapshot_.relation(open.back());
    open.pop_back();
    if (parent == nullptr || !visited.insert(parent->oid).second) continue;
    open.insert(open.end(), parent->parents.begin(), parent->parents.end());
    for (const Attached& attached : parent->attached) {
      if (attached.kind == Attached::Kind::partition_key) follow_stored_expression(step, attached, *parent);
    }
  }
}

// INSERT fills every column, if with NULL.
void Closure::follow_column_types(const Step& step) {
  const bool all = step.action == Action::insert || effects_[step.index].all_columns;
  const auto is_written = [&](const Column& column) {
    const auto& written = effects_[step.index].effect.columns;
    return all || std::find(written.begin(), written.end(), column.name) != written.end();
  };
  for (const Column& column : step.relation.columns) {
    if (column.type < kFirstUserOid || !is_written(column)) continue;
    call_type_functions(effects_, column.type, route(step, Via::stored_expression, {}), false);
  }
}

}  // namespace portcullis::catalog
