// CREATE, ALTER and DROP of what is no relation, most of it by one table.
#include <algorithm>
#include <array>

#include "sql/node_handlers.hpp"
#include "sql/object_types.hpp"

namespace portcullis::sql {
namespace {

// A statement that makes, changes or drops one named object and says no more about others than its functions'
// names and what its children say.
struct Definition {
  std::string_view node;
  Action action;
  std::string_view name_field;
  ObjectKind kind;
};

using enum ObjectKind;

constexpr auto kDefinitions = std::to_array<Definition>({
    {"AlterCollationStmt", Action::alter_collation, "collname", other},
    {"AlterDatabaseRefreshCollStmt", Action::alter_database, "dbname", other},
    {"AlterDatabaseSetStmt", Action::alter_database, "dbname", other},
    {"AlterDatabaseStmt", Action::alter_database, "dbname", other},
    {"AlterDomainStmt", Action::alter_domain, "typeName", type},
    {"AlterEnumStmt", Action::alter_type, "typeName", type},
    {"AlterEventTrigStmt", Action::alter_event_trigger, "trigname", other},
    {"AlterExtensionStmt", Action::alter_extension, "extname", other},
    {"AlterFdwStmt", Action::alter_foreign_data_wrapper, "fdwname", other},
    {"AlterForeignServerStmt", Action::alter_server, "servername", other},
    {"AlterOpFamilyStmt", Action::alter_operator_family, "opfamilyname", other},
    {"AlterOperatorStmt", Action::alter_operator, "opername", other},
    {"AlterPublicationStmt", Action::alter_publication, "pubname", other},
    {"AlterRoleSetStmt", Action::alter_role, "role", other},
    {"AlterRoleStmt", Action::alter_role, "role", other},
    {"AlterStatsStmt", Action::alter_statistics, "defnames", other},
    {"AlterSubscriptionStmt", Action::alter_subscription, "subname", other},
    {"AlterTSConfigurationStmt", Action::alter_text_search_configuration, "cfgname", other},
    {"AlterTSDictionaryStmt", Action::alter_text_search_dictionary, "dictname", other},
    {"AlterTableSpaceOptionsStmt", Action::alter_tablespace, "tablespacename", other},
    {"AlterTypeStmt", Action::alter_type, "typeName", type},
    {"AlterUserMappingStmt", Action::alter_user_mapping, "servername", other},
    {"CompositeTypeStmt", Action::create_type, "typevar", type},
    {"CreateAmStmt", Action::create_access_method, "amname", other},
    {"CreateCastStmt", Action::create_cast, "targettype", type},
    {"CreateConversionStmt", Action::create_conversion, "conversion_name", other},
    {"CreateDomainStmt", Action::create_domain, "domainname", type},
    {"CreateEnumStmt", Action::create_type, "typeName", type},
    {"CreateEventTrigStmt", Action::create_event_trigger, "trigname", other},
    {"CreateFdwStmt", Action::create_foreign_data_wrapper, "fdwname", other},
    {"CreateForeignServerStmt", Action::create_server, "servername", other},
    {"CreateOpClassStmt", Action::create_operator_class, "opclassname", other},
    {"CreateOpFamilyStmt", Action::create_operator_family, "opfamilyname", other},
    {"CreatePLangStmt", Action::create_language, "plname", other},
    {"CreatePublicationStmt", Action::create_publication, "pubname", other},
    {"CreateRangeStmt", Action::create_type, "typeName", type},
    {"CreateRoleStmt", Action::create_role, "role", other},
    {"CreateSubscriptionStmt", Action::create_subscription, "subname", other},
    {"CreateTableSpaceStmt", Action::create_tablespace, "tablespacename", other},
    {"CreateTransformStmt", Action::create_transform, "type_name", type},
    {"CreateUserMappingStmt", Action::create_user_mapping, "servername", other},
    {"CreatedbStmt", Action::create_database, "dbname", other},
    {"DropSubscriptionStmt", Action::drop_subscription, "subname", other},
    {"DropTableSpaceStmt", Action::drop_tablespace, "tablespacename", other},
    {"DropUserMappingStmt", Action::drop_user_mapping, "servername", other},
    {"DropdbStmt", Action::drop_database, "dbname", other},
});

// Fields of those that hold a function's name.
constexpr auto kFunctionFields = std::to_array<std::string_view>(
    {"func_name", "funcname", "handler_name", "plhandler", "plinline", "plvalidator"});

std::optional<Name> defined_name(const Node& node, std::string_view field) {
  if (const auto child = node.child(field)) {
    if (child->is("RoleSpec")) return Name{{}, {}, role_name(*child)};
    if (child->is("RangeVar")) return relation_name(*child);
    return name_of(child->list(child->is("TypeName") ? "names" : "objname"));
  }
  if (field == "role" && !node.has(field)) return Name{{}, {}, "all"};  // ALTER ROLE ALL
  const auto parts = node.list(field);
  if (!parts.empty()) return name_of(parts);
  return Name{{}, {}, std::string(node.text(field))};
}

ObjectKind defined_kind(const ObjectType& object) {
  return object.kind == function || object.kind == ObjectKind::type ? object.kind : other;
}

}  // namespace

void walk_definition(Walker& walker, const Node& node) {
  const auto* const row = std::find_if(kDefinitions.begin(), kDefinitions.end(),
                                       [&](const Definition& d) { return node.is(d.node); });
  if (row == kDefinitions.end()) return walker.refuse("a definition \"" + std::string(node.type()) + '"');
  const auto name = defined_name(node, row->name_field);
  if (!name) return walker.refuse("the name in a definition");
  walker.add(row->action, row->kind, *name);
  walker.add_cascade(node, row->kind, *name);
  for (const std::string_view field : kFunctionFields) {
    const auto function_name = node.list(field);
    if (!function_name.empty()) add_function(walker, function_name, -1);
  }
  std::vector<std::string_view> done(kFunctionFields.begin(), kFunctionFields.end());
  done.push_back(row->name_field);
  walker.visit_all(node.children_except(done));
}

// CREATE AGGREGATE, OPERATOR, TYPE, COLLATION and TEXT SEARCH ...
void walk_define(Walker& walker, const Node& node) {
  const ObjectType* const object = object_type(node.text("kind"));
  const auto action = object != nullptr ? action_on("create", *object) : std::nullopt;
  const auto name = name_of(node.list("defnames"));
  if (!action || !name) return walker.refuse("what CREATE defines (" + std::string(node.text("kind")) + ')');
  walker.add(*action, defined_kind(*object), *name);
  walker.visit_children_except(node, {"defnames"});
}

void walk_create_function(Walker& walker, const Node& node) {
  const auto name = name_of(node.list("funcname"));
  if (!name) return walker.refuse("a function's name");
  walker.add(node.flag("is_procedure") ? Action::create_procedure : Action::create_function, function, *name);
  // A body in SQL can say f.parameter; a parameter of a table's type is that table's row.
  walker.add_derived(name->name);
  walker.visit_children_except(node, {"funcname"});
}

void walk_parameter(Walker& walker, const Node& node) {
  walker.add_derived(node.text("name"));
  walker.visit_children(node);
}

void walk_alter_function(Walker& walker, const Node& node) {
  const ObjectType* const object = object_type(node.text("objtype"));
  const auto action = object != nullptr ? action_on("alter", *object) : std::nullopt;
  const auto named = node.child("func");
  const auto name = named ? name_of(named->list("objname")) : std::nullopt;
  if (!action || !name) return walker.refuse("what ALTER changes");
  walker.add(*action, function, *name);
  walker.visit_children_except(node, {"func"});
}

void walk_create_schema(Walker& walker, const Node& node) {
  // Names in the elements mean the new schema's objects first, which no one can look up yet.
  if (node.has("schemaElts")) {
    return walker.refuse("CREATE SCHEMA with elements (create them by statements of their own)");
  }
  std::string name(node.text("schemaname"));
  const auto role = node.child("authrole");
  if (name.empty() && role) name = role_name(*role);
  walker.add(Action::create_schema, schema, {{}, {}, name});
}

void walk_create_extension(Walker& walker, const Node& node) {
  const Name name{{}, {}, std::string(node.text("extname"))};
  walker.add(Action::create_extension, other, name);
  for (const Node& option : node.list("options")) {
    if (option.text("defname") == "cascade") walker.add(Action::cascade, other, name);
  }
  walker.visit_children(node);
}

void walk_move_all(Walker& walker, const Node& node) {
  walker.add(Action::alter_all_in_tablespace, other, {{}, {}, std::string(node.text("orig_tablespacename"))});
  add_storage(walker, {}, node.text("new_tablespacename"));
}

// The tables named are the foreign server's.
void walk_import_schema(Walker& walker, const Node& node) {
  walker.add(Action::import_foreign_schema, schema, {{}, {}, std::string(node.text("local_schema"))});
}

void walk_alter_system(Walker& walker, const Node& node) {
  const auto set = node.child("setstmt");
  if (!set) return walker.refuse("an ALTER SYSTEM without a setting");
  walker.add(Action::alter_system, setting, {{}, {}, std::string(set->text("name"))});
  walker.visit(*set);
}

}  // namespace portcullis::sql
