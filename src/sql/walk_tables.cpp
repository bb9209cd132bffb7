// CREATE of relations and of what belongs to one relation; maintenance of relations.
#include "sql/builtin_names.hpp"
#include "sql/node_handlers.hpp"

namespace portcullis::sql {
namespace {

std::vector<std::string> strings_or_none(const Node& node, std::string_view field) {
  return strings_of(node.list(field)).value_or(std::vector<std::string>{});
}

void add_created(Walker& walker, Action action, const Node& relation) {
  walker.add(action, ObjectKind::relation, new_relation_name(relation), relation.location());
}

bool is_temporary(const Node& relation) {
  return relation.text("relpersistence") == "t" || relation.text("schemaname") == "pg_temp";
}

// PostgreSQL cuts both parts so that the whole fits in 63 bytes; which bytes go does not matter to a rule on
// a schema.
Name serial_sequence(const Name& table, std::string_view column) {
  return {table.database, table.schema, table.name + '_' + std::string(column) + "_seq"};
}

void walk_table_body(Walker& walker, const Node& node, const Name& table) {
  for (const Node& element : node.list("tableElts")) {
    if (element.is("ColumnDef")) {
      walk_column_definition(walker, element, table);
    } else if (element.is("TableLikeClause")) {
      if (const auto source = element.child("relation")) walker.add_relation(Action::select, *source);
    } else {
      walker.visit(element);
    }
  }
  // A partition or a child shows its rows in the parent.
  for (const Node& parent : node.list("inhRelations")) {
    walker.add_relation(
        node.has("partbound") ? Action::alter_table_attach_partition : Action::alter_table_inherit, parent);
  }
  add_storage(walker, node.text("accessMethod"), node.text("tablespacename"));
  walker.visit_children_except(node, {"relation", "tableElts", "inhRelations"});
}

// OWNED BY table.column: the sequence goes when the column does.
void add_sequence_owner(Walker& walker, const Node& node) {
  for (const Node& option : node.list("options")) {
    const auto owner = option.text("defname") == "owned_by" ? option.child("arg") : std::nullopt;
    auto parts = owner ? strings_of(owner->list("items")) : std::nullopt;
    if (!parts || parts->size() < 2) continue;  // OWNED BY NONE
    Effect effect{.action = Action::references};
    effect.columns.push_back(parts->back());
    parts->pop_back();
    const auto table = name_of(*parts);
    if (!table) return walker.refuse("the owner of a sequence");
    effect.kind = ObjectKind::relation;
    effect.object = *table;
    walker.add(std::move(effect));
  }
}

// For statements about one relation that say nothing else about it.
void add_on_relation(Walker& walker, Action action, const Node& node, std::string_view field) {
  const auto relation = node.child(field);
  if (!relation) return walker.refuse("a statement without its table");
  walker.add_relation(action, *relation);
}

// The same, where expressions in the statement speak of the relation's columns.
void add_on_read_relation(Walker& walker, Action action, const Node& node, std::string_view field) {
  add_on_relation(walker, action, node, field);
  if (const auto relation = node.child(field)) add_range(walker, *relation);
}

// OLD and NEW, in triggers' conditions and rules.
void add_row_names(Walker& walker) {
  walker.add_derived("old");
  walker.add_derived("new");
}

}  // namespace

Name new_relation_name(const Node& range_var) {
  Name name = relation_name(range_var);
  if (is_temporary(range_var)) name.schema = "pg_temp";
  return name;
}

void add_storage(Walker& walker, std::string_view access_method, std::string_view tablespace) {
  if (!access_method.empty() && !is_builtin_access_method(access_method)) {
    walker.add(Action::use_access_method, ObjectKind::other, {{}, {}, std::string(access_method)});
  }
  if (!tablespace.empty()) {
    walker.add(Action::use_tablespace, ObjectKind::other, {{}, {}, std::string(tablespace)});
  }
}

void add_element_columns(Walker& walker, const std::vector<Node>& elements, const Name& of) {
  for (const Node& element : elements) {
    if (!element.has("name")) continue;
    walker.add_use({.of = of, .column = std::string(element.text("name")), .location = element.location()});
  }
}

void walk_column_definition(Walker& walker, const Node& column, const Name& table) {
  const auto type = column.child("typeName");
  if (type && is_serial(*type)) {
    walker.add(Action::create_sequence, ObjectKind::relation, serial_sequence(table, column.text("colname")),
               column.location());
  } else if (type) {
    walker.visit(*type);
  }
  walker.visit_children_except(column, {"typeName"});
}

void walk_constraint(Walker& walker, const Node& node) {
  if (const auto parent = node.child("pktable")) {
    walker.add_relation(Action::references, *parent, strings_or_none(node, "pk_attrs"));
  }
  for (const Node& exclusion : node.list("exclusions")) {  // EXCLUDE (element WITH operator)
    for (const Node& part : exclusion.list("items")) {
      if (part.is("List")) {
        add_operator(walker, part.list("items"), node.location());
      } else {
        add_element_columns(walker, {part}, {});
        walker.visit(part);
      }
    }
  }
  add_storage(walker, node.text("access_method"), node.text("indexspace"));
  walker.visit_children_except(node, {"pktable", "exclusions"});
}

void walk_create_table(Walker& walker, const Node& node) {
  const auto relation = node.child("relation");
  if (!relation) return walker.refuse("a CREATE TABLE without a name");
  add_created(walker, is_temporary(*relation) ? Action::create_temporary_table : Action::create_table,
              *relation);
  walk_table_body(walker, node, new_relation_name(*relation));
}

void walk_create_foreign_table(Walker& walker, const Node& node) {
  const auto base = node.child("base");
  const auto relation = base ? base->child("relation") : std::nullopt;
  if (!relation) return walker.refuse("a CREATE FOREIGN TABLE without a name");
  add_created(walker, Action::create_foreign_table, *relation);
  walk_table_body(walker, *base, new_relation_name(*relation));
  walker.visit_children_except(node, {"base"});
}

void walk_create_table_as(Walker& walker, const Node& node) {
  const auto into = node.child("into");
  const auto relation = into ? into->child("rel") : std::nullopt;
  if (!relation) return walker.refuse("a CREATE TABLE AS without a name");
  const bool view = node.text("objtype") == "OBJECT_MATVIEW";
  add_created(walker, view ? Action::create_materialized_view : Action::create_table_as, *relation);
  add_storage(walker, into->text("accessMethod"), into->text("tableSpaceName"));
  walker.visit_children_except(*into, {"rel"});
  walker.visit_children_except(node, {"into"});
}

void walk_create_view(Walker& walker, const Node& node) {
  const auto view = node.child("view");
  if (!view) return walker.refuse("a CREATE VIEW without a name");
  add_created(walker, is_temporary(*view) ? Action::create_temporary_view : Action::create_view, *view);
  walker.visit_children_except(node, {"view"});
}

// The object is the table: the index has a name of its own in the same schema.
void walk_create_index(Walker& walker, const Node& node) {
  const bool concurrently = node.flag("concurrent");
  add_on_read_relation(walker, concurrently ? Action::create_index_concurrently : Action::create_index, node,
                       "relation");
  const auto relation = node.child("relation");
  if (!relation) return;
  for (const std::string_view list : {"indexParams", "indexIncludingParams"}) {
    add_element_columns(walker, node.list(list), relation_name(*relation));
  }
  add_storage(walker, node.text("accessMethod"), node.text("tableSpace"));
  walker.visit_children_except(node, {"relation"});
}

void walk_create_sequence(Walker& walker, const Node& node) {
  const auto sequence = node.child("sequence");
  if (!sequence) return walker.refuse("a CREATE SEQUENCE without a name");
  add_created(walker, is_temporary(*sequence) ? Action::create_temporary_sequence : Action::create_sequence,
              *sequence);
  add_sequence_owner(walker, node);
  walker.visit_children_except(node, {"sequence"});
}

void walk_alter_sequence(Walker& walker, const Node& node) {
  add_on_relation(walker, Action::alter_sequence, node, "sequence");
  add_sequence_owner(walker, node);
  walker.visit_children_except(node, {"sequence"});
}

void walk_create_trigger(Walker& walker, const Node& node) {
  add_on_relation(walker, Action::create_trigger, node, "relation");
  add_function(walker, node.list("funcname"), -1);
  add_row_names(walker);
  if (const auto other = node.child("constrrel")) walker.add_relation(Action::references, *other);
  walker.visit_children_except(node, {"relation", "funcname", "constrrel"});
}

void walk_create_rule(Walker& walker, const Node& node) {
  add_on_relation(walker, Action::create_rule, node, "relation");
  add_row_names(walker);
  walker.visit_children_except(node, {"relation"});
}

void walk_policy(Walker& walker, const Node& node) {
  const bool creates = node.is("CreatePolicyStmt");
  add_on_read_relation(walker, creates ? Action::create_policy : Action::alter_policy, node, "table");
  walker.visit_children_except(node, {"table"});
}

void walk_create_statistics(Walker& walker, const Node& node) {
  for (const Node& relation : node.list("relations")) {
    if (!relation.is("RangeVar")) return walker.refuse("what CREATE STATISTICS is on");
    walker.add_relation(Action::create_statistics, relation);
    add_range(walker, relation);
    add_element_columns(walker, node.list("exprs"), relation_name(relation));
  }
  walker.visit_children_except(node, {"relations"});
}

void walk_refresh(Walker& walker, const Node& node) {
  add_on_relation(walker, Action::refresh_materialized_view, node, "relation");
}

void walk_vacuum(Walker& walker, const Node& node) {
  walker.facts().is_full = has_option(node, "options", "full");
  std::vector<Action> actions{node.flag("is_vacuumcmd") ? Action::vacuum : Action::analyze};
  for (const Node& option : node.list("options")) {
    if (option.text("defname") == "analyze") actions.push_back(Action::analyze);
  }
  const auto relations = node.list("rels");
  for (const Action action : actions) {
    if (relations.empty()) walker.add(action, ObjectKind::none, {});
    for (const Node& item : relations) {
      const auto relation = item.child("relation");
      if (!relation) return walker.refuse("a VACUUM without a table");
      walker.add_relation(action, *relation, strings_or_none(item, "va_cols"));
    }
  }
}

void walk_cluster(Walker& walker, const Node& node) {
  if (!node.has("relation")) return walker.add(Action::cluster, ObjectKind::none, {});
  add_on_relation(walker, Action::cluster, node, "relation");
}

void walk_reindex(Walker& walker, const Node& node) {
  walker.facts().is_concurrent = has_option(node, "params", "concurrently");
  for (const Node& option : node.list("params")) {
    const auto argument = option.child("arg");
    if (option.text("defname") == "tablespace" && argument) add_storage(walker, {}, argument->text("sval"));
  }
  if (node.has("relation")) return add_on_relation(walker, Action::reindex, node, "relation");
  const bool schema = node.text("kind") == "REINDEX_OBJECT_SCHEMA";
  walker.add(Action::reindex, schema ? ObjectKind::schema : ObjectKind::other,
             {{}, {}, std::string(node.text("name"))});
}

}  // namespace portcullis::sql
