#include "app/policy_access.hpp"

#include <algorithm>
#include <array>

#include "app/text_table.hpp"
#include "base/holds.hpp"
#include "portcullis/catalog/resolution.hpp"

namespace portcullis::app {
namespace {

using catalog::Relation;
using catalog::RelationKind;
using sql::Action;

// Beside those with the relation's kind in their name.
constexpr auto kOnEveryKind = std::to_array<Action>({
    Action::select,         Action::insert,        Action::update,
    Action::delete_,        Action::truncate,      Action::references,
    Action::lock,           Action::vacuum,        Action::select_for_update,
    Action::copy_to_stdout, Action::analyze,       Action::copy_from_stdin,
    Action::comment,        Action::cluster,       Action::create_index,
    Action::reindex,        Action::grant,         Action::create_index_concurrently,
    Action::revoke,         Action::set_schema,    Action::create_statistics,
    Action::owner_to,       Action::create_rule,   Action::refresh_materialized_view,
    Action::create_policy,  Action::alter_policy,  Action::create_trigger,
    Action::drop_policy,    Action::drop_rule,     Action::drop_trigger,
    Action::rename_column,  Action::rename_policy, Action::rename_constraint,
    Action::rename_trigger, Action::rename_rule,   Action::security_label,
});

// These may concern some columns and leave the others alone.
constexpr auto kByColumn = std::to_array<Action>({
    Action::select,
    Action::insert,
    Action::update,
    Action::references,
    Action::select_for_update,
    Action::copy_to_stdout,
    Action::copy_from_stdin,
    Action::create_index,
    Action::create_index_concurrently,
    Action::rename_column,
    Action::alter_table_set_default,
    Action::alter_table_drop_default,
    Action::alter_table_set_not_null,
    Action::alter_table_drop_not_null,
    Action::alter_table_drop_column,
    Action::alter_table_alter_column_type,
});

// As SQL calls it; empty for what no rule is about.
std::string_view word(RelationKind kind) {
  switch (kind) {
    case RelationKind::table:
    case RelationKind::partitioned_table: return "table";
    case RelationKind::view: return "view";
    case RelationKind::materialized_view: return "materialized view";
    case RelationKind::foreign_table: return "foreign table";
    case RelationKind::sequence: return "sequence";
    case RelationKind::index:
    case RelationKind::partitioned_index:
    case RelationKind::toast_table:
    case RelationKind::composite_type: break;
  }
  return {};
}

bool fits(Action action, std::string_view kind) {
  if (base::holds(kOnEveryKind, action)) return true;
  std::string_view words = sql::name(action);
  const auto blank = words.find(' ');
  const std::string_view verb = words.substr(0, blank);
  if (verb != "alter" && verb != "drop" && verb != "rename") return false;
  words.remove_prefix(blank + 1);
  return words.starts_with(kind) && (words.size() == kind.size() || words[kind.size()] == ' ');
}

class Asker {
 public:
  Asker(const policy::PolicySet& policy, std::string_view agent, const catalog::Snapshot& snapshot)
      : policy_(policy), agent_(agent), snapshot_(snapshot), bound_(policy.bind(snapshot)) {}

  [[nodiscard]] Access ask(Action action, const Relation& relation, const sql::Name& name) const {
    std::vector<std::string> columns;
    if (base::holds(kByColumn, action)) {
      for (const auto& column : relation.columns) columns.push_back(column.name);
    }
    Access access = judge(action, name, columns, true);
    if (!access.allowed() && columns.size() > 1) ask_by_column(action, name, columns, access);
    const bool where_counts = action == Action::update || action == Action::delete_;
    if (where_counts && access.allowed()) {
      const auto& touched = access.columns.empty() ? columns : access.columns;
      access.needs_where = !judge(action, name, touched, false).allowed();
    }
    return access;
  }

 private:
  void ask_by_column(Action action, const sql::Name& name, const std::vector<std::string>& columns,
                     Access& access) const {
    std::vector<std::string> open;
    for (const auto& column : columns) {
      if (judge(action, name, {column}, true).allowed()) open.push_back(column);
    }
    if (open.empty()) return;
    access = judge(action, name, open, true);
    access.columns = std::move(open);
  }

  [[nodiscard]] Access judge(Action action, const sql::Name& name, const std::vector<std::string>& columns,
                             bool has_where) const {
    sql::Effect effect{};
    effect.action = action;
    effect.kind = sql::ObjectKind::relation;
    effect.object = name;
    effect.columns = columns;
    effect.has_where = has_where;
    if (action == Action::alter_table_add_column) effect.added_column = sql::AddedColumn{.column = "new"};
    sql::Facts facts;
    facts.statements.emplace_back().effects.push_back(std::move(effect));
    // Of an agent that says why and is sure: that rules want to hear it stands with the rules.
    const sql::Claims claims{"explain", 1.0, {}};
    const auto decision =
        policy_.evaluate(catalog::resolve(facts, snapshot_, {}), {agent_, &claims}, &bound_);
    const auto* decisive = decision.decisive();
    if (decisive == nullptr) return {};
    const std::string by =
        decisive->rule.empty() ? std::string(policy::name(decisive->ground)) : '"' + decisive->rule + '"';
    const bool uncovered = decisive->ground == policy::Ground::not_covered && decisive->route.empty();
    return {decision.outcome, {}, false, by, decisive->reason, uncovered};
  }

  const policy::PolicySet& policy_;
  std::string_view agent_;
  const catalog::Snapshot& snapshot_;
  policy::Bound bound_;
};

}  // namespace

std::string to_text(const Access& access) {
  std::string text(policy::name(access.outcome));
  if (!access.columns.empty()) text += " (" + printable(joined(access.columns)) + ")";
  return access.needs_where ? text + " with WHERE" : text;
}

std::vector<RelationAccess> access_in(const policy::PolicySet& policy, std::string_view agent,
                                      const catalog::Snapshot& snapshot, const std::vector<Action>& actions) {
  const Asker asker(policy, agent, snapshot);
  std::vector<RelationAccess> all;
  for (const auto& relation : snapshot.relations()) {
    const auto* schema = snapshot.schema(relation.schema);
    const std::string_view kind = word(relation.kind);
    // What PostgreSQL brings is the same everywhere, and what is temporary is gone soon.
    if (schema == nullptr || kind.empty() || relation.oid < catalog::kFirstUserOid || relation.temporary)
      continue;
    RelationAccess access{schema->name + "." + relation.name, std::string(kind), {}};
    for (const Action action : actions) {
      if (fits(action, kind))
        access.actions[action] = asker.ask(action, relation, {{}, schema->name, relation.name});
    }
    all.push_back(std::move(access));
  }
  std::sort(all.begin(), all.end(),
            [](const auto& one, const auto& other) { return one.relation < other.relation; });
  return all;
}

}  // namespace portcullis::app
