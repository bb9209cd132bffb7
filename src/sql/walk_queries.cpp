// Statements on rows, and the rules by which PostgreSQL finds what a name in them stands for.
#include <algorithm>

#include "sql/node_handlers.hpp"

namespace portcullis::sql {
namespace {

// Without RECURSIVE a WITH query sees those before it, not itself; with it, all see all. Names of outer
// levels stay visible throughout.
void walk_with(Walker& walker, const Node& statement) {
  const auto with = statement.child("withClause");
  if (!with) return;
  const auto queries = with->list("ctes");
  const bool recursive = with->flag("recursive");
  if (recursive) {
    for (const Node& query : queries) walker.declare_cte(query.text("ctename"));
  }
  for (const Node& query : queries) {
    walker.visit(query);
    if (!recursive) walker.declare_cte(query.text("ctename"));
  }
}

std::vector<std::string> target_columns(const std::vector<Node>& targets) {
  std::vector<std::string> names;
  for (const Node& target : targets) {
    if (target.has("name")) names.emplace_back(target.text("name"));
  }
  return names;
}

// A condition that names no column holds for all rows or for none: it is no WHERE worth the name.
bool looks_at_rows(Walker& walker, const Node& condition) {
  if (!walker.spend_step()) return false;
  if (condition.is("ColumnRef") || condition.is("CurrentOfExpr")) return true;
  const auto children = condition.children();
  return std::any_of(children.begin(), children.end(),
                     [&](const Node& child) { return looks_at_rows(walker, child); });
}

bool has_where(Walker& walker, const Node& statement) {
  const auto condition = statement.child("whereClause");
  return condition && looks_at_rows(walker, *condition);
}

// SET x = 1 reads nothing of the row; anything but a constant or a parameter may.
bool reads_row(const std::vector<Node>& targets) {
  return std::any_of(targets.begin(), targets.end(), [](const Node& target) {
    const auto value = target.child("val");
    const bool fixed = value && (is_constant(*value) || value->is("SetToDefault") || value->is("ParamRef"));
    return !fixed || target.has("indirection");
  });
}

void add_write(Walker& walker, Action action, const Node& target, std::vector<std::string> columns,
               bool where) {
  Effect effect{.action = action};
  effect.kind = ObjectKind::relation;
  effect.object = relation_name(target);
  effect.columns = std::move(columns);
  effect.has_where = where;
  effect.location = target.location();
  walker.add(std::move(effect));
}

// FOR UPDATE and its kin lock the rows of the tables in FROM, of subqueries' tables too, not those of WITH
// queries (manual, SELECT, "The Locking Clause"). `names`: the aliases in OF; empty locks all.
bool lock_rows(Walker& walker, const Node& item, const std::vector<std::string>& names) {
  if (!walker.spend_step()) return true;
  const auto alias = item.child("alias");
  const std::string_view known = alias ? alias->text("aliasname") : item.text("relname");
  const bool named = std::find(names.begin(), names.end(), known) != names.end();
  const std::vector<std::string> below = named ? std::vector<std::string>{} : names;
  if (item.is("RangeVar")) {
    if (!names.empty() && !named) return false;
    if (!walker.names_cte(item)) walker.add_relation(Action::select_for_update, item);
    return true;
  }
  if (item.is("SelectStmt")) {
    bool found = false;
    for (const Node& from : item.list("fromClause")) found = lock_rows(walker, from, below) || found;
    for (const std::string_view side : {"larg", "rarg"}) {
      if (const auto query = item.child(side)) found = lock_rows(walker, *query, below) || found;
    }
    return found || named;
  }
  // An alias inside a subquery is not one of the query around it.
  if (item.is("RangeSubselect") && !names.empty() && !named) return false;
  bool found = named;
  for (const Node& part : item.children()) {
    if (part.is("RangeVar") || part.is("JoinExpr") || part.is("RangeSubselect") || part.is("SelectStmt") ||
        part.is("RangeTableSample")) {
      found = lock_rows(walker, part, below) || found;
    }
  }
  return found;
}

void walk_locking(Walker& walker, const Node& select) {
  for (const Node& clause : select.list("lockingClause")) {
    const auto relations = clause.list("lockedRels");
    if (relations.empty()) lock_rows(walker, select, {});
    for (const Node& relation : relations) {
      // A name that is not in FROM is an error to PostgreSQL; should it not be, all that could be meant is
      // locked.
      if (!lock_rows(walker, select, {std::string(relation.text("relname"))})) lock_rows(walker, select, {});
    }
  }
}

void walk_into(Walker& walker, const Node& into) {
  if (const auto relation = into.child("rel")) {
    walker.add(Action::select_into, ObjectKind::relation, new_relation_name(*relation), relation->location());
  }
  add_storage(walker, into.text("accessMethod"), into.text("tableSpaceName"));
  walker.visit_children_except(into, {"rel"});
}

}  // namespace

void walk_relation(Walker& walker, const Node& node) {
  if (!walker.names_cte(node)) walker.add_relation(Action::select, node);
}

void walk_select(Walker& walker, const Node& node) {
  const QueryLevel level(walker);
  walk_with(walker, node);
  if (const auto into = node.child("intoClause")) walk_into(walker, *into);
  walker.visit_children_except(node, {"withClause", "intoClause", "lockingClause"});
  walk_locking(walker, node);
}

void walk_insert(Walker& walker, const Node& node) {
  const QueryLevel level(walker);
  const auto target = node.child("relation");
  if (!target) return walker.refuse("an INSERT without a target");
  walker.add_relation(Action::insert, *target, target_columns(node.list("cols")));
  const auto conflict = node.child("onConflictClause");
  const bool updates = conflict && conflict->text("action") == "ONCONFLICT_UPDATE";
  if (updates) {
    add_write(walker, Action::update, *target, target_columns(conflict->list("targetList")),
              true);  // only the rows that conflict
  }
  // To find a conflict is to look at the rows that are there.
  if (updates || node.has("returningList") || (conflict && conflict->has("infer"))) {
    walker.add_relation(Action::select, *target);
  }
  walk_with(walker, node);
  walker.visit_children_except(node, {"relation", "withClause"});
}

void walk_update(Walker& walker, const Node& node) {
  const QueryLevel level(walker);
  const auto target = node.child("relation");
  if (!target) return walker.refuse("an UPDATE without a target");
  const auto targets = node.list("targetList");
  add_write(walker, Action::update, *target, target_columns(targets), has_where(walker, node));
  if (node.has("whereClause") || node.has("returningList") || node.has("fromClause") || reads_row(targets)) {
    walker.add_relation(Action::select, *target);
  }
  walk_with(walker, node);
  walker.visit_children_except(node, {"relation", "withClause"});
}

void walk_delete(Walker& walker, const Node& node) {
  const QueryLevel level(walker);
  const auto target = node.child("relation");
  if (!target) return walker.refuse("a DELETE without a target");
  add_write(walker, Action::delete_, *target, {}, has_where(walker, node));
  if (node.has("whereClause") || node.has("returningList") || node.has("usingClause")) {
    walker.add_relation(Action::select, *target);
  }
  walk_with(walker, node);
  walker.visit_children_except(node, {"relation", "withClause"});
}

void walk_merge(Walker& walker, const Node& node) {
  const QueryLevel level(walker);
  const auto target = node.child("relation");
  if (!target) return walker.refuse("a MERGE without a target");
  for (const Node& clause : node.list("mergeWhenClauses")) {
    const std::string_view command = clause.text("commandType");
    const auto columns = target_columns(clause.list("targetList"));
    if (command == "CMD_INSERT") {
      walker.add_relation(Action::insert, *target, columns);
    } else if (command == "CMD_UPDATE") {
      add_write(walker, Action::update, *target, columns, false);
    } else if (command == "CMD_DELETE") {
      add_write(walker, Action::delete_, *target, {}, false);
    } else if (command != "CMD_NOTHING") {
      return walker.refuse("an action of MERGE");
    }
  }
  walker.add_relation(Action::select, *target);
  walk_with(walker, node);
  walker.visit_children_except(node, {"relation", "withClause"});
}

void walk_copy(Walker& walker, const Node& node) {
  const bool from = node.flag("is_from");
  const bool program = node.flag("is_program");
  const bool file = node.has("filename");
  const auto action = program ? (from ? Action::copy_from_program : Action::copy_to_program)
                      : file  ? (from ? Action::copy_from_file : Action::copy_to_file)
                              : (from ? Action::copy_from_stdin : Action::copy_to_stdout);
  walker.facts().copy_from_stdin = action == Action::copy_from_stdin;
  walker.facts().copy_to_stdout = action == Action::copy_to_stdout;
  const auto columns = strings_of(node.list("attlist"));
  if (!columns) return walker.refuse("the column list of COPY");
  if (const auto relation = node.child("relation")) {
    walker.add_relation(action, *relation, *columns);
    walker.add_relation(from ? Action::insert : Action::select, *relation, *columns);
  } else {
    walker.add(action, ObjectKind::none, {});
  }
  walker.visit_children_except(node, {"relation", "attlist"});
}

void walk_truncate(Walker& walker, const Node& node) {
  for (const Node& relation : node.list("relations")) {
    walker.add_relation(Action::truncate, relation);
    walker.add_cascade(node, ObjectKind::relation, relation_name(relation));
  }
}

void walk_lock(Walker& walker, const Node& node) {
  for (const Node& relation : node.list("relations")) walker.add_relation(Action::lock, relation);
}

}  // namespace portcullis::sql
