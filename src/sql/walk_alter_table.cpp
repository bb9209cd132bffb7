// ALTER TABLE: an effect for each of its sub-commands.
#include <algorithm>
#include <array>
#include <utility>

#include "sql/node_handlers.hpp"

namespace portcullis::sql {
namespace {

struct SubCommand {
  std::string_view word;  // of AlterTableType
  Action action;
  bool names_column = false;  // its `name` is a column's
};

// Those that the grammar makes. The others of AlterTableType come up in execution only and are refused.
constexpr auto kSubCommands = std::to_array<SubCommand>({
    {"AT_AddColumn", Action::alter_table_add_column},
    {"AT_ColumnDefault", Action::alter_table_set_default, true},
    {"AT_DropNotNull", Action::alter_table_drop_not_null, true},
    {"AT_SetNotNull", Action::alter_table_set_not_null, true},
    {"AT_DropExpression", Action::alter_table_drop_expression, true},
    {"AT_SetStatistics", Action::alter_table_set_statistics, true},
    {"AT_SetOptions", Action::alter_table_set_column_options, true},
    {"AT_ResetOptions", Action::alter_table_reset_column_options, true},
    {"AT_SetStorage", Action::alter_table_set_storage, true},
    {"AT_SetCompression", Action::alter_table_set_compression, true},
    {"AT_DropColumn", Action::alter_table_drop_column, true},
    {"AT_AddConstraint", Action::alter_table_add_constraint},
    {"AT_AlterConstraint", Action::alter_table_alter_constraint},
    {"AT_ValidateConstraint", Action::alter_table_validate_constraint},
    {"AT_DropConstraint", Action::alter_table_drop_constraint},
    {"AT_AlterColumnType", Action::alter_table_alter_column_type, true},
    {"AT_AlterColumnGenericOptions", Action::alter_table_alter_column_foreign_options, true},
    {"AT_ChangeOwner", Action::alter_table_owner_to},
    {"AT_ClusterOn", Action::alter_table_cluster_on},
    {"AT_DropCluster", Action::alter_table_set_without_cluster},
    {"AT_SetLogged", Action::alter_table_set_logged},
    {"AT_SetUnLogged", Action::alter_table_set_unlogged},
    {"AT_DropOids", Action::alter_table_set_without_oids},
    {"AT_SetAccessMethod", Action::alter_table_set_access_method},
    {"AT_SetTableSpace", Action::alter_table_set_tablespace},
    {"AT_SetRelOptions", Action::alter_table_set_storage_parameters},
    {"AT_ResetRelOptions", Action::alter_table_reset_storage_parameters},
    {"AT_EnableTrig", Action::alter_table_enable_trigger},
    {"AT_EnableAlwaysTrig", Action::alter_table_enable_always_trigger},
    {"AT_EnableReplicaTrig", Action::alter_table_enable_replica_trigger},
    {"AT_DisableTrig", Action::alter_table_disable_trigger},
    {"AT_EnableTrigAll", Action::alter_table_enable_trigger_all},
    {"AT_DisableTrigAll", Action::alter_table_disable_trigger_all},
    {"AT_EnableTrigUser", Action::alter_table_enable_trigger_user},
    {"AT_DisableTrigUser", Action::alter_table_disable_trigger_user},
    {"AT_EnableRule", Action::alter_table_enable_rule},
    {"AT_EnableAlwaysRule", Action::alter_table_enable_always_rule},
    {"AT_EnableReplicaRule", Action::alter_table_enable_replica_rule},
    {"AT_DisableRule", Action::alter_table_disable_rule},
    {"AT_AddInherit", Action::alter_table_inherit},
    {"AT_DropInherit", Action::alter_table_no_inherit},
    {"AT_AddOf", Action::alter_table_of},
    {"AT_DropOf", Action::alter_table_not_of},
    {"AT_ReplicaIdentity", Action::alter_table_replica_identity},
    {"AT_EnableRowSecurity", Action::alter_table_enable_row_level_security},
    {"AT_DisableRowSecurity", Action::alter_table_disable_row_level_security},
    {"AT_ForceRowSecurity", Action::alter_table_force_row_level_security},
    {"AT_NoForceRowSecurity", Action::alter_table_no_force_row_level_security},
    {"AT_GenericOptions", Action::alter_table_foreign_options},
    {"AT_AttachPartition", Action::alter_table_attach_partition},
    {"AT_DetachPartition", Action::alter_table_detach_partition},
    {"AT_DetachPartitionFinalize", Action::alter_table_detach_partition_finalize},
    {"AT_AddIdentity", Action::alter_table_add_identity, true},
    {"AT_SetIdentity", Action::alter_table_set_identity, true},
    {"AT_DropIdentity", Action::alter_table_drop_identity, true},
});

// ALTER INDEX, ALTER VIEW, ...: one action each, whatever the sub-command.
constexpr auto kOtherRelations = std::to_array<std::pair<std::string_view, Action>>({
    {"OBJECT_FOREIGN_TABLE", Action::alter_foreign_table},
    {"OBJECT_INDEX", Action::alter_index},
    {"OBJECT_MATVIEW", Action::alter_materialized_view},
    {"OBJECT_SEQUENCE", Action::alter_sequence},
    {"OBJECT_TYPE", Action::alter_type},
    {"OBJECT_VIEW", Action::alter_view},
});

struct Target {
  Node relation;
  std::string_view type;  // of ObjectType
  bool missing_ok = false;
};

Effect effect_on(const Target& target, Action action) {
  const auto* const other = std::find_if(kOtherRelations.begin(), kOtherRelations.end(),
                                         [&](const auto& row) { return row.first == target.type; });
  Effect effect{.action = other == kOtherRelations.end() ? action : other->second};
  effect.kind = target.type == "OBJECT_TYPE" ? ObjectKind::type : ObjectKind::relation;
  effect.object = relation_name(target.relation);
  effect.only = effect.kind == ObjectKind::relation && says_only(target.relation);  // types never are
  effect.missing_ok = target.missing_ok;
  effect.location = target.relation.location();
  return effect;
}

DefaultExpression default_of(const Node& constraint) {
  const auto expression = constraint.child("raw_expr");
  return expression && is_constant(*expression) ? DefaultExpression::constant : DefaultExpression::other;
}

// Actions of their own that a constraint inside ADD COLUMN carries out.
std::optional<Action> inline_action(std::string_view type) {
  if (type == "CONSTR_IDENTITY") return Action::alter_table_add_identity;
  for (const std::string_view other :
       {"CONSTR_CHECK", "CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_EXCLUSION", "CONSTR_FOREIGN"}) {
    if (type == other) return Action::alter_table_add_constraint;
  }
  return std::nullopt;
}

AddedColumn added_column(const Node& column) {
  AddedColumn added;
  added.column = column.text("colname");
  const auto type = column.child("typeName");
  added.base_type = type && is_builtin_type_name(*type);
  if (type && is_serial(*type)) {
    added.default_expression = DefaultExpression::other;
    added.nullable = false;
  }
  // A default of type regclass and its kind makes the column depend on the object that it names.
  const bool may_name_object = type && names_an_object(*type);
  added.inline_constraint = column.has("collClause");
  for (const Node& constraint : column.list("constraints")) {
    const std::string_view kind = constraint.text("contype");
    if (kind == "CONSTR_NULL") continue;
    if (kind == "CONSTR_NOTNULL" || kind == "CONSTR_PRIMARY") added.nullable = false;
    if (kind == "CONSTR_DEFAULT") {
      added.default_expression = may_name_object ? DefaultExpression::other : default_of(constraint);
    }
    if (kind != "CONSTR_NOTNULL" && kind != "CONSTR_DEFAULT") added.inline_constraint = true;
  }
  return added;
}

void add_column(Walker& walker, const Target& target, const Node& column) {
  Effect effect = effect_on(target, Action::alter_table_add_column);
  effect.columns.emplace_back(column.text("colname"));
  if (effect.action == Action::alter_table_add_column) effect.added_column = added_column(column);
  walker.add(std::move(effect));
  for (const Node& constraint : column.list("constraints")) {
    const auto action = inline_action(constraint.text("contype"));
    if (!action) continue;
    Effect part = effect_on(target, *action);
    part.columns.emplace_back(column.text("colname"));
    walker.add(std::move(part));
  }
  walk_column_definition(walker, column, relation_name(target.relation));
}

void add_constraint(Walker& walker, const Target& target, Action action, const Node& constraint) {
  Effect effect = effect_on(target, action);
  for (const std::string_view field : {"keys", "fk_attrs"}) {
    const auto columns = strings_of(constraint.list(field));
    if (columns) effect.columns.insert(effect.columns.end(), columns->begin(), columns->end());
  }
  walker.add(std::move(effect));
  walker.visit(constraint);
}

// Inheritance and partitioning change both tables.
void add_second_table(Walker& walker, const Target& target, Action action, const Node& definition) {
  const auto other = definition.is("PartitionCmd") ? definition.child("name") : std::optional(definition);
  if (!other || !other->is("RangeVar")) return walker.refuse("the second table of ALTER TABLE");
  walker.add(effect_on({*other, target.type}, action));
  if (definition.is("PartitionCmd")) walker.visit_children_except(definition, {"name"});
}

void walk_sub_command(Walker& walker, const Target& target, const Node& command) {
  const std::string_view word = command.text("subtype");
  const auto* const row = std::find_if(kSubCommands.begin(), kSubCommands.end(),
                                       [&](const SubCommand& sub) { return sub.word == word; });
  if (row == kSubCommands.end())
    return walker.refuse("a sub-command of ALTER TABLE (" + std::string(word) + ')');
  const auto definition = command.child("def");
  const bool drops_default = row->action == Action::alter_table_set_default && !definition;
  const Action action = drops_default ? Action::alter_table_drop_default : row->action;
  if (definition && definition->is("ColumnDef") && action == Action::alter_table_add_column) {
    return add_column(walker, target, *definition);
  }
  if (definition && definition->is("Constraint") && action == Action::alter_table_add_constraint) {
    return add_constraint(walker, target, action, *definition);
  }
  Effect effect = effect_on(target, action);
  if (row->names_column && command.has("name")) effect.columns.emplace_back(command.text("name"));
  walker.add(effect);
  walker.add_cascade(command, effect.kind, effect.object);
  if (action == Action::alter_table_set_tablespace) add_storage(walker, {}, command.text("name"));
  if (action == Action::alter_table_set_access_method) add_storage(walker, command.text("name"), {});
  if (!definition) return;
  if (definition->is("RangeVar") || definition->is("PartitionCmd")) {
    return add_second_table(walker, target, action, *definition);
  }
  walker.visit(*definition);
}

}  // namespace

void walk_alter_table(Walker& walker, const Node& node) {
  const auto relation = node.child("relation");
  if (!relation) return walker.refuse("an ALTER TABLE without a table");
  const Target target{*relation, node.text("objtype"), node.flag("missing_ok")};
  for (const Node& command : node.list("cmds")) {
    if (!command.is("AlterTableCmd")) return walker.refuse("a sub-command of ALTER TABLE");
    walk_sub_command(walker, target, command);
  }
  // Expressions of CHECK, USING, GENERATED and their kind speak of the table's own columns.
  if (!walker.facts().column_uses.empty()) add_range(walker, *relation);
}

}  // namespace portcullis::sql
