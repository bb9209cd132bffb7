// A statement's references to columns by the name in front of them. All costs here are those of the longest
// statement: an agent may send one with tens of thousands of tables and references.
#pragma once

#include <map>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "portcullis/sql/facts.hpp"

namespace portcullis::catalog {

struct Uses {
  std::unordered_set<std::string_view> columns;
  bool star = false;
};

// The statement must outlive it.
class UseIndex {
 public:
  explicit UseIndex(const sql::StatementFacts& statement);

  // With nothing in front.
  [[nodiscard]] const Uses& bare() const noexcept { return bare_; }
  // With `alias` in front; null: none.
  [[nodiscard]] const Uses* of_alias(std::string_view alias) const;
  // With the relation's name in front, and its schema or none in front of that. An empty `schema` could be
  // every one.
  [[nodiscard]] std::vector<const Uses*> of_relation(std::string_view name, std::string_view schema) const;

 private:
  Uses bare_;
  std::map<std::string_view, std::map<std::string_view, Uses>> by_name_;  // then by schema
};

}  // namespace portcullis::catalog
