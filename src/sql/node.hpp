// A read-only view of one node of the parse tree. Cheap to copy; valid as long as the tree that it was taken
// from.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"
#include "portcullis/sql/facts.hpp"
#include "sql/tree_schema.hpp"

namespace portcullis::sql {

// Fields that are absent have their type's zero value, as in libpg_query's JSON. Only for trees that
// check_tree() has passed: a field of another kind than asked for reads as absent.
class Node {
 public:
  Node(std::string_view type, simdjson::dom::object fields) noexcept
      : type_(type), schema_(fields_of(type)), fields_(fields) {}

  [[nodiscard]] std::string_view type() const noexcept { return type_; }
  [[nodiscard]] bool is(std::string_view type) const noexcept { return type_ == type; }
  [[nodiscard]] bool has(std::string_view field) const noexcept;

  [[nodiscard]] std::string_view text(std::string_view field) const noexcept;  // also of words
  [[nodiscard]] bool flag(std::string_view field) const noexcept;
  [[nodiscard]] std::int64_t number(std::string_view field) const noexcept;
  // -1 where the tree has none. (The tree leaves out a location of 0: it is that of a node at the text's
  // start.)
  [[nodiscard]] std::int32_t location() const noexcept;

  // A single node, whether the field says its type or the schema does.
  [[nodiscard]] std::optional<Node> child(std::string_view field) const;
  // The nodes of a list, without the nulls.
  [[nodiscard]] std::vector<Node> list(std::string_view field) const;
  // Every child in the order of the tree, lists flattened.
  [[nodiscard]] std::vector<Node> children() const;
  // The same, without these fields.
  [[nodiscard]] std::vector<Node> children_except(std::span<const std::string_view> fields) const;

  // All of it as text, but for where it stands and for INTO: of two nodes with the same one is as good as the
  // other.
  [[nodiscard]] std::string meaning() const;

  // That this node's own fields are known and hold what the schema says; 0A000 else. Says nothing of its
  // children.
  [[nodiscard]] base::Result<void> check_fields() const;

 private:
  std::string_view type_;
  std::span<const Field> schema_;  // empty for a type that is not known
  simdjson::dom::object fields_;
};

// Nothing for {} (a null in a list).
[[nodiscard]] std::optional<Node> unwrap(simdjson::dom::element element) noexcept;

// That every node, field and value below is known: see tree_schema.hpp. Error 0A000 "not understood: ..."
// else.
[[nodiscard]] base::Result<void> check_tree(const Node& root);

// The strings of a list such as a qualified name; anything else than a String among them gives nothing.
[[nodiscard]] std::optional<std::vector<std::string>> strings_of(const std::vector<Node>& nodes);
// One to three strings as [database.][schema.]name.
[[nodiscard]] std::optional<Name> name_of(const std::vector<std::string>& parts);
[[nodiscard]] std::optional<Name> name_of(const std::vector<Node>& parts);
// A RangeVar's name.
[[nodiscard]] Name relation_name(const Node& range_var);
// A RangeVar with ONLY.
[[nodiscard]] bool says_only(const Node& range_var);

[[nodiscard]] base::Error not_understood(const std::string& what);

}  // namespace portcullis::sql
