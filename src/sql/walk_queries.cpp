// Statements on rows, and the rules by which PostgreSQL finds what a name in them stands for.
#include <algorithm>

#include "sql/node_handlers.hpp"
#include "sql/row_conditions.hpp"

namespace portcullis::sql {
namespace {

// Without RECURSIVE a WITH query sees those before it, not itself; with it, all see all. Names of outer
// levels stay visible throughout.
void walk_with(Walker& walker, const Node& statement) {
  const auto with = statement.child("withClause");
  if (!with) return;
  const auto queries = with->list("ctes");
  const bool recursive = with->flag("recursive");
  const OutsideLevel outside(walker);
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

// `others`: the field with the tables beside the target.
bool has_where(Walker& walker, const Node& statement, const Node& target, std::string_view others) {
  const auto condition = statement.child("whereClause");
  return condition && looks_at_rows(walker, *condition, target, statement.list(others));
}

bool joins_rows(Walker& walker, const Node& merge, const Node& target) {
  const auto condition = merge.child("joinCondition");
  const auto source = merge.child("sourceRelation");
  return condition && source && looks_at_rows(walker, *condition, target, {*source});
}

// SET a[1] = x and SET a.b = x keep the rest of the column as it is.
void add_part_uses(Walker& walker, const std::vector<Node>& targets, const Node& target) {
  for (const Node& part : targets) {
    if (!part.has("indirection")) continue;
    walker.add_use(
        {.of = name_in_query(target), .column = std::string(part.text("name")), .location = part.location()});
  }
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
  effect.only = says_only(target);
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

bool does_update(const Node& conflict) {
  return conflict.text("action") == "ONCONFLICT_UPDATE";
}

void walk_conflict(Walker& walker, const Node& conflict, const Node& target) {
  if (const auto arbiter = conflict.child("infer")) {
    add_element_columns(walker, arbiter->list("indexElems"), name_in_query(target));
  }
  if (!does_update(conflict)) return;
  const auto targets = conflict.list("targetList");
  add_write(walker, Action::update, target, target_columns(targets), true);  // only the rows that conflict
  add_part_uses(walker, targets, target);
  walker.add_range({.relation = relation_name(target), .alias = "excluded"});
}

// Since PostgreSQL 18 RETURNING has the row as it was and as it is by these names, where no table of the
// query has them.
void add_returning_ranges(Walker& walker, const Node& statement, const Node& target) {
  if (!statement.has("returningList")) return;
  for (const char* const row : {"old", "new"})
    walker.add_range({.relation = relation_name(target), .alias = row});
}

// What is inserted comes about before there is a target, as the tables of a subquery in FROM do.
void walk_source(Walker& walker, const Node& insert) {
  const OutsideLevel outside(walker);
  if (const auto source = insert.child("selectStmt")) walker.visit(*source);
}

void walk_into(Walker& walker, const Node& into) {
  if (const auto relation = into.child("rel")) {
    walker.add(Action::select_into, ObjectKind::relation, new_relation_name(*relation), relation->location());
  }
  add_storage(walker, into.text("accessMethod"), into.text("tableSpaceName"));
  walker.visit_children_except(into, {"rel"});
}

}  // namespace

void walk_select(Walker& walker, const Node& node) {
  const QueryLevel level(walker);
  walk_with(walker, node);
  if (const auto into = node.child("intoClause")) walk_into(walker, *into);
  walker.visit_children_except(node, {"withClause", "intoClause", "lockingClause"});
  walk_locking(walker, node);
}

std::optional<std::uint64_t> values_rows(const Node& insert) {
  if (insert.has("withClause")) return std::nullopt;
  const auto source = insert.child("selectStmt");
  if (!source) return 1;  // DEFAULT VALUES
  const auto rows = source->list("valuesLists").size();
  if (rows == 0 || source->has("withClause") || source->has("limitCount") || source->has("limitOffset"))
    return std::nullopt;
  return rows;
}

void walk_insert(Walker& walker, const Node& node) {
  const QueryLevel level(walker);
  const auto target = node.child("relation");
  if (!target) return walker.refuse("an INSERT without a target");
  if (walker.at_top()) walker.facts().values_rows = values_rows(node);
  walker.add_relation(Action::insert, *target, target_columns(node.list("cols")));
  const auto conflict = node.child("onConflictClause");
  const bool updates = conflict && does_update(*conflict);
  // The target's columns can be read here, and nowhere else in the statement.
  if (conflict || node.has("returningList")) add_range(walker, *target);
  if (conflict) walk_conflict(walker, *conflict, *target);
  add_returning_ranges(walker, node, *target);
  // To find a conflict is to look at the rows that are there.
  if (updates || node.has("returningList") || (conflict && conflict->has("infer"))) {
    walker.add_relation(Action::select, *target);
  }
  walk_with(walker, node);
  walker.visit_all(node.list("cols"));
  walk_source(walker, node);
  walker.visit_children_except(node, {"relation", "withClause", "cols", "selectStmt"});
}

void walk_update(Walker& walker, const Node& node) {
  const QueryLevel level(walker);
  const auto target = node.child("relation");
  if (!target) return walker.refuse("an UPDATE without a target");
  const auto targets = node.list("targetList");
  add_write(walker, Action::update, *target, target_columns(targets),
            has_where(walker, node, *target, "fromClause"));
  add_range(walker, *target);
  add_returning_ranges(walker, node, *target);
  add_part_uses(walker, targets, *target);
  if (node.has("whereClause") || node.has("returningList") || node.has("fromClause") || reads_row(targets)) {
    walker.add_relation(Action::select, *target);
  }
  walk_with(walker, node);
  walker.visit_children_except(node, {"relation", "withClause"});
}

// SET (a, b) = (SELECT ...): the row stands in the tree once for each of the columns.
void walk_assigned_row(Walker& walker, const Node& node) {
  if (node.number("colno") <= 1) walker.visit_children(node);
}

void walk_delete(Walker& walker, const Node& node) {
  const QueryLevel level(walker);
  const auto target = node.child("relation");
  if (!target) return walker.refuse("a DELETE without a target");
  add_write(walker, Action::delete_, *target, {}, has_where(walker, node, *target, "usingClause"));
  add_range(walker, *target);
  add_returning_ranges(walker, node, *target);
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
  add_range(walker, *target);
  // Rows of the target that no row of the source joins are left alone: a condition on them is a WHERE.
  const bool where = joins_rows(walker, node, *target);
  for (const Node& clause : node.list("mergeWhenClauses")) {
    const std::string_view command = clause.text("commandType");
    const auto columns = target_columns(clause.list("targetList"));
    if (command == "CMD_INSERT") {
      walker.add_relation(Action::insert, *target, columns);
    } else if (command == "CMD_UPDATE") {
      add_write(walker, Action::update, *target, columns, where);
      add_part_uses(walker, clause.list("targetList"), *target);
    } else if (command == "CMD_DELETE") {
      add_write(walker, Action::delete_, *target, {}, where);
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
    if (node.has("whereClause")) add_range(walker, *relation);
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
