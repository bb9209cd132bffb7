#include "sql/object_types.hpp"

#include <algorithm>
#include <array>

namespace portcullis::sql {
namespace {

using enum ObjectKind;
using Shape = NameShape;

constexpr auto kTypes = std::to_array<ObjectType>({
    {"OBJECT_ACCESS_METHOD", "access method", other, Shape::qualified},
    {"OBJECT_AGGREGATE", "aggregate", function, Shape::with_args},
    {"OBJECT_ATTRIBUTE", "attribute", type, Shape::qualified},
    {"OBJECT_CAST", "cast", type, Shape::about_types},
    {"OBJECT_COLLATION", "collation", other, Shape::qualified},
    {"OBJECT_COLUMN", "column", relation, Shape::of_relation},
    {"OBJECT_CONVERSION", "conversion", other, Shape::qualified},
    {"OBJECT_DATABASE", "database", other, Shape::qualified},
    {"OBJECT_DOMAIN", "domain", type, Shape::type_name},
    {"OBJECT_DOMCONSTRAINT", "domain constraint", type, Shape::about_types},
    {"OBJECT_EVENT_TRIGGER", "event trigger", other, Shape::qualified},
    {"OBJECT_EXTENSION", "extension", other, Shape::qualified},
    {"OBJECT_FDW", "foreign data wrapper", other, Shape::qualified},
    {"OBJECT_FOREIGN_SERVER", "server", other, Shape::qualified},
    {"OBJECT_FOREIGN_TABLE", "foreign table", relation, Shape::qualified},
    {"OBJECT_FUNCTION", "function", function, Shape::with_args},
    {"OBJECT_INDEX", "index", relation, Shape::qualified},
    {"OBJECT_LANGUAGE", "language", other, Shape::qualified},
    {"OBJECT_LARGEOBJECT", "large object", other, Shape::number},
    {"OBJECT_MATVIEW", "materialized view", relation, Shape::qualified},
    {"OBJECT_OPCLASS", "operator class", other, Shape::access_method_first},
    {"OBJECT_OPERATOR", "operator", other, Shape::with_args},
    {"OBJECT_OPFAMILY", "operator family", other, Shape::access_method_first},
    {"OBJECT_PARAMETER_ACL", "parameter", setting, Shape::qualified},
    {"OBJECT_POLICY", "policy", relation, Shape::of_relation},
    {"OBJECT_PROCEDURE", "procedure", function, Shape::with_args},
    {"OBJECT_PUBLICATION", "publication", other, Shape::qualified},
    {"OBJECT_ROLE", "role", other, Shape::qualified},
    {"OBJECT_ROUTINE", "routine", function, Shape::with_args},
    {"OBJECT_RULE", "rule", relation, Shape::of_relation},
    {"OBJECT_SCHEMA", "schema", schema, Shape::qualified},
    {"OBJECT_SEQUENCE", "sequence", relation, Shape::qualified},
    {"OBJECT_STATISTIC_EXT", "statistics", other, Shape::qualified},
    {"OBJECT_SUBSCRIPTION", "subscription", other, Shape::qualified},
    {"OBJECT_TABCONSTRAINT", "constraint", relation, Shape::of_relation},
    {"OBJECT_TABLE", "table", relation, Shape::qualified},
    {"OBJECT_TABLESPACE", "tablespace", other, Shape::qualified},
    {"OBJECT_TRANSFORM", "transform", type, Shape::about_types},
    {"OBJECT_TRIGGER", "trigger", relation, Shape::of_relation},
    {"OBJECT_TSCONFIGURATION", "text search configuration", other, Shape::qualified},
    {"OBJECT_TSDICTIONARY", "text search dictionary", other, Shape::qualified},
    {"OBJECT_TSPARSER", "text search parser", other, Shape::qualified},
    {"OBJECT_TSTEMPLATE", "text search template", other, Shape::qualified},
    {"OBJECT_TYPE", "type", type, Shape::type_name},
    {"OBJECT_VIEW", "view", relation, Shape::qualified},
});

// A name may stand as a list or as a single string.
std::optional<std::vector<std::string>> strings_in(const Node& node) {
  if (node.is("String")) return strings_of({node});
  if (node.is("List")) return strings_of(node.list("items"));
  if (node.is("TypeName")) return strings_of(node.list("names"));
  if (node.is("ObjectWithArgs")) return strings_of(node.list("objname"));
  return std::nullopt;
}

std::optional<std::vector<std::string>> parts_of(const ObjectType& type, const Node& node) {
  switch (type.shape) {
    case Shape::qualified:
    case Shape::type_name:
    case Shape::with_args:
    case Shape::of_relation:
    case Shape::access_method_first: return strings_in(node);
    case Shape::about_types: {
      const auto items = node.list("items");
      if (items.empty()) return std::nullopt;
      // ALTER DOMAIN ... RENAME CONSTRAINT names the domain alone.
      return items.front().is("TypeName") ? strings_in(items.front()) : strings_of(items);
    }
    case Shape::number: break;
  }
  if (node.is("Float")) return std::vector{std::string(node.text("fval"))};
  if (node.is("Integer")) return std::vector{std::to_string(node.number("ival"))};
  return std::nullopt;
}

}  // namespace

const ObjectType* object_type(std::string_view word) noexcept {
  const auto* const found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const ObjectType& t) { return t.word == word; });
  return found == kTypes.end() ? nullptr : found;
}

std::optional<NamedObject> named_object(const ObjectType& type, const Node& node) {
  auto parts = parts_of(type, node);
  if (!parts || parts->empty()) return std::nullopt;
  NamedObject object{type.kind, {}, {}};
  if (type.shape == Shape::of_relation) {
    if (type.name == "column") object.columns.push_back(parts->back());
    parts->pop_back();
  }
  if (type.shape == Shape::access_method_first) parts->erase(parts->begin());
  const auto name = name_of(*parts);
  if (!name) return std::nullopt;
  object.name = *name;
  return object;
}

std::optional<Action> action_on(std::string_view verb, const ObjectType& type) {
  return action_named(std::string(verb) + ' ' + std::string(type.name));
}

std::string role_name(const Node& role_spec) {
  const std::string_view type = role_spec.text("roletype");
  if (type == "ROLESPEC_CURRENT_ROLE") return "current_role";
  if (type == "ROLESPEC_CURRENT_USER") return "current_user";
  if (type == "ROLESPEC_SESSION_USER") return "session_user";
  if (type == "ROLESPEC_PUBLIC") return "public";
  return std::string(role_spec.text("rolename"));
}

}  // namespace portcullis::sql
