// Statements that name an object of any kind: DROP, RENAME, SET SCHEMA, OWNER TO, COMMENT, GRANT and their
// like.
#include "sql/node_handlers.hpp"
#include "sql/object_types.hpp"

namespace portcullis::sql {
namespace {

std::string in_words(std::string_view statement, std::string_view type) {
  return std::string(statement) + " of an object type (" + std::string(type) + ')';
}

// The object that a statement names by `relation`, `object` or, for those without schema, `subname`.
std::optional<NamedObject> subject(const Node& node, const ObjectType& type) {
  if (const auto relation = node.child("relation")) {
    return NamedObject{type.kind == ObjectKind::type ? ObjectKind::type : ObjectKind::relation,
                       relation_name(*relation),
                       {}};
  }
  if (const auto object = node.child("object")) return named_object(type, *object);
  if (!node.has("subname")) return std::nullopt;
  return NamedObject{type.kind, {{}, {}, std::string(node.text("subname"))}, {}};
}

Effect effect_on(Action action, NamedObject object) {
  Effect effect{.action = action};
  effect.kind = object.kind;
  effect.object = std::move(object.name);
  effect.columns = std::move(object.columns);
  return effect;
}

// With what the statement says beside it: ONLY and IF EXISTS, where it can.
Effect effect_of(const Node& statement, Action action, NamedObject object) {
  Effect effect = effect_on(action, std::move(object));
  if (const auto relation = statement.child("relation")) {
    effect.location = relation->location();
    effect.only = effect.kind == ObjectKind::relation && says_only(*relation);  // types never are
  }
  effect.missing_ok = statement.flag("missing_ok");
  return effect;
}

// For a statement with `action` on a single object; nothing where it is refused.
std::optional<NamedObject> add_subject(Walker& walker, Action action, const Node& node,
                                       std::string_view type_field) {
  const ObjectType* const type = object_type(node.text(type_field));
  auto object = type != nullptr ? subject(node, *type) : std::nullopt;
  if (!object) {
    walker.refuse(in_words(name(action), node.text(type_field)));
    return std::nullopt;
  }
  walker.add(effect_of(node, action, *object));
  return object;
}

// Kinds of objects that stand by their own name in a schema.
bool moves_by_name(const ObjectType& type) {
  return type.kind == ObjectKind::relation && type.shape == NameShape::qualified;
}

void walk_drop_object(Walker& walker, const Node& node, const ObjectType& type, const Node& object) {
  const auto action = node.flag("concurrent") ? Action::drop_index_concurrently : action_on("drop", type);
  const auto named = named_object(type, object);
  if (!action || !named) return walker.refuse(in_words("DROP", type.name));
  walker.add(effect_of(node, *action, *named));
  walker.add_cascade(node, named->kind, named->name);
}

// Empty as soon as one of the privileges is on all columns.
std::vector<std::string> privilege_columns(const Node& grant) {
  std::vector<std::string> columns;
  for (const Node& privilege : grant.list("privileges")) {
    const auto names = strings_of(privilege.list("cols"));
    if (!names || names->empty()) return {};
    columns.insert(columns.end(), names->begin(), names->end());
  }
  return columns;
}

std::optional<NamedObject> granted_object(const Node& grant, const Node& object) {
  if (object.is("RangeVar")) return NamedObject{ObjectKind::relation, relation_name(object), {}};
  const bool all_in_schema = grant.text("targtype") == "ACL_TARGET_ALL_IN_SCHEMA";
  const ObjectType* const type = object_type(all_in_schema ? "OBJECT_SCHEMA" : grant.text("objtype"));
  return type != nullptr ? named_object(*type, object) : std::nullopt;
}

}  // namespace

void walk_drop(Walker& walker, const Node& node) {
  const ObjectType* const type = object_type(node.text("removeType"));
  if (type == nullptr) return walker.refuse(in_words("DROP", node.text("removeType")));
  for (const Node& object : node.list("objects")) walk_drop_object(walker, node, *type, object);
}

void walk_rename(Walker& walker, const Node& node) {
  const ObjectType* const type = object_type(node.text("renameType"));
  const auto action = type != nullptr ? action_on("rename", *type) : std::nullopt;
  auto object = action ? subject(node, *type) : std::nullopt;
  if (!object) return walker.refuse(in_words("RENAME", node.text("renameType")));
  if (type->name == "column" || type->name == "attribute") {
    object->columns = {std::string(node.text("subname")), std::string(node.text("newname"))};
  }
  walker.add(effect_of(node, *action, *object));
  walker.add_cascade(node, object->kind, object->name);
  // The new name is another object to all who go by names.
  if (moves_by_name(*type)) {
    object->name.name = node.text("newname");
    walker.add(effect_on(*action, *object));
  }
}

void walk_set_schema(Walker& walker, const Node& node) {
  auto object = add_subject(walker, Action::set_schema, node, "objectType");
  if (!object) return;
  const std::string schema(node.text("newschema"));
  if (node.text("objectType") == "OBJECT_EXTENSION") {  // moves all its objects there
    return walker.add(Action::set_schema, ObjectKind::schema, {{}, {}, schema});
  }
  object->name.schema = schema;
  walker.add(effect_on(Action::set_schema, *object));
}

void walk_owner(Walker& walker, const Node& node) {
  add_subject(walker, Action::owner_to, node, "objectType");
}

void walk_depends(Walker& walker, const Node& node) {
  add_subject(walker, Action::alter_depends_on_extension, node, "objectType");
}

void walk_comment(Walker& walker, const Node& node) {
  add_subject(walker, node.is("SecLabelStmt") ? Action::security_label : Action::comment, node, "objtype");
}

void walk_extension_contents(Walker& walker, const Node& node) {
  walker.add(Action::alter_extension, ObjectKind::other, {{}, {}, std::string(node.text("extname"))});
  add_subject(walker, Action::alter_extension, node, "objtype");
}

void walk_grant(Walker& walker, const Node& node) {
  const Action action = node.flag("is_grant") ? Action::grant : Action::revoke;
  const auto objects = node.list("objects");
  if (objects.empty()) return walker.refuse("a GRANT on nothing");
  for (const Node& object : objects) {
    auto named = granted_object(node, object);
    if (!named) return walker.refuse(in_words("GRANT", node.text("objtype")));
    named->columns = privilege_columns(node);
    Effect effect = effect_on(action, *named);
    effect.location = object.location();
    walker.add(std::move(effect));
    walker.add_cascade(node, named->kind, named->name);
  }
}

void walk_grant_role(Walker& walker, const Node& node) {
  const Action action = node.flag("is_grant") ? Action::grant_role : Action::revoke_role;
  for (const Node& role : node.list("granted_roles")) {
    const Name name{{}, {}, std::string(role.text("priv_name"))};
    walker.add(action, ObjectKind::other, name);
    walker.add_cascade(node, ObjectKind::other, name);
  }
}

void walk_default_privileges(Walker& walker, const Node& node) {
  bool in_schemas = false;
  for (const Node& option : node.list("options")) {
    const auto schemas = option.text("defname") == "schemas" ? option.child("arg") : std::nullopt;
    const auto names = schemas ? strings_of(schemas->list("items")) : std::nullopt;
    if (!names) continue;
    in_schemas = true;
    for (const std::string& schema : *names) {
      walker.add(Action::alter_default_privileges, ObjectKind::schema, {{}, {}, schema});
    }
  }
  if (!in_schemas) walker.add(Action::alter_default_privileges, ObjectKind::none, {});
}

void walk_owned(Walker& walker, const Node& node) {
  const Action action = node.is("DropOwnedStmt") ? Action::drop_owned : Action::reassign_owned;
  for (const Node& role : node.list("roles")) {
    const Name name{{}, {}, role_name(role)};
    walker.add(action, ObjectKind::other, name);
    walker.add_cascade(node, ObjectKind::other, name);
  }
}

void walk_drop_roles(Walker& walker, const Node& node) {
  for (const Node& role : node.list("roles")) {
    walker.add(Action::drop_role, ObjectKind::other, {{}, {}, role_name(role)}, role.location());
  }
}

}  // namespace portcullis::sql
