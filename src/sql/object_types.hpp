// PostgreSQL's kinds of objects, as DROP, ALTER, RENAME, COMMENT and their like name them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/sql/facts.hpp"
#include "sql/node.hpp"

namespace portcullis::sql {

// How the tree writes the name of an object of that type.
enum class NameShape : std::uint8_t {
  qualified,            // a list of strings, or one string
  of_relation,          // a list of strings, the last the object's own name, those before it a relation's
  type_name,            // a TypeName, or a list of strings
  with_args,            // an ObjectWithArgs
  access_method_first,  // a list of strings, the first that of an access method
  about_types,          // a list that begins with a TypeName: casts, transforms, constraints of domains
  number,               // a large object's
};

struct ObjectType {
  std::string_view word;  // the tree's: "OBJECT_TABLE"
  std::string_view name;  // as in an action: "table"
  ObjectKind kind;
  NameShape shape;
};

// Null for an object type that no statement of the grammar names.
[[nodiscard]] const ObjectType* object_type(std::string_view word) noexcept;

// What a statement names. For a trigger, rule, policy, column or constraint: the relation that it is of.
struct NamedObject {
  ObjectKind kind = ObjectKind::other;
  Name name;
  std::vector<std::string> columns;
};
// Nothing where the node has not the shape that the type's names have.
[[nodiscard]] std::optional<NamedObject> named_object(const ObjectType& type, const Node& node);

// "<verb> <type>", e.g. "drop" and "materialized view". Nothing where there is no such action.
[[nodiscard]] std::optional<Action> action_on(std::string_view verb, const ObjectType& type);

// CURRENT_USER and its like as "current_user"; PUBLIC as "public".
[[nodiscard]] std::string role_name(const Node& role_spec);

}  // namespace portcullis::sql
