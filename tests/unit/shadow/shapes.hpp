// Shapes of tables for tests, as the copy's server would describe them.
#pragma once

#include <string>
#include <utility>

#include "shadow/run_facts.hpp"

namespace portcullis::shadow {

inline Column column_of(int number, std::string name, std::string type, Oid type_oid = 23) {
  Column column;
  column.number = number;
  column.name = std::move(name);
  column.type = std::move(type);
  column.type_oid = type_oid;
  return column;
}

inline Shape orders() {
  Shape shape;
  shape.schema = "app";
  shape.name = "orders";
  shape.columns = {column_of(1, "id", "bigint", 20), column_of(2, "note", "text", 25)};
  return shape;
}

// A run that has made `after` of the table and read it whole.
inline RunFacts facts_of(const Shape& before, const Shape& after, std::string tag = "ALTER TABLE") {
  RunFacts facts;
  facts.tag = std::move(tag);
  RelationFacts relation;
  relation.schema = before.schema;
  relation.name = before.name;
  relation.is_scanned = true;
  facts.relations = {relation};
  facts.changes = changes_between({{20000, before}}, {{20000, after}});
  return facts;
}

inline Constraint check_of(std::string name, std::string expression, std::vector<int> columns) {
  Constraint check;
  check.oid = "1";
  check.name = std::move(name);
  check.is_valid = true;
  check.definition = "CHECK (" + expression + ")";
  check.expression = std::move(expression);
  check.columns = std::move(columns);
  return check;
}

}  // namespace portcullis::shadow
