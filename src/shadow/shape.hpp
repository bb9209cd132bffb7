// What a table is made of, as far as rows must pass it: columns, constraints, unique indexes. Read in the
// copy before and behind a statement. Everything that is SQL here was written by the server, with every name
// quoted that needs it and nothing of the session's settings in it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"
#include "shadow/expression_code.hpp"
#include "shadow/row.hpp"

namespace portcullis::shadow {

struct Column {
  int number = 0;  // pg_attribute.attnum
  std::string name, type;
  Oid type_oid = 0, collation = 0;
  int modifier = -1;         // of the type: the length, ...
  char type_kind = 'b';      // pg_type.typtype: 'd' is a domain
  bool is_not_null = false;  // and every row is known to be
  std::string value;         // the default's expression, or what it is generated from; empty: none
  Code value_code = Code::known;
  bool is_generated = false, is_identity = false;
  bool is_virtual = false;  // generated when it is read
  friend bool operator==(const Column&, const Column&) = default;
};

struct Constraint {
  std::string oid, name;
  char kind = 'c';        // pg_constraint.contype
  bool is_valid = false;  // every row is known to pass
  std::string definition;
  std::vector<int> columns;  // numbers
  std::string expression;    // of a CHECK
  Code code = Code::known;
  // Of a foreign key.
  std::string referenced_schema, referenced_name;
  char referenced_kind = 'r';
  std::string match;  // p."id" OPERATOR(pg_catalog.=) c."parent" AND ...; empty: no equality of PostgreSQL's
  bool is_full = false;  // MATCH FULL
  bool is_part = false;  // of another one, which says it all
  friend bool operator==(const Constraint&, const Constraint&) = default;
};

struct Index {
  std::string oid, name, definition;
  bool is_unique = false, is_of_constraint = false;
  bool is_exclusion = false;  // it keeps rows apart by other operators than equality; WITHOUT OVERLAPS
  bool nulls_are_equal = false;
  std::vector<int> columns;         // numbers, also of those that expressions read
  std::string keys, keys_not_null;  // a, (lower(b)); (a) IS NOT NULL AND ...
  std::string predicate;
  bool has_expressions = false;
  Code code = Code::known;
  friend bool operator==(const Index&, const Index&) = default;
};

struct Shape {
  std::string schema, name;
  char kind = 'r';               // pg_class.relkind
  std::string partition;         // what its rows must pass as a partition; empty: nothing
  std::set<std::string> stamps;  // differ where constraints or indexes do
  std::vector<Column> columns;
  std::vector<Constraint> constraints;
  std::vector<Index> indexes;
  // Null: there is none.
  [[nodiscard]] const Column* column(int number) const;
  friend bool operator==(const Shape&, const Shape&) = default;
};
using Shapes = std::map<Oid, Shape>;

// All tables of a copy, as they are before anything runs.
struct KnownShapes {
  Shapes shapes;
  std::set<Oid> effects;  // PostgreSQL's own functions that an expression is not asked with
};
[[nodiscard]] std::string known_shapes_query();
// Its rows. 08P01 when they are not what it asks for.
[[nodiscard]] base::Result<KnownShapes> read_known_shapes(const std::vector<Row>& rows);

// Both in a transaction, whose settings they change: columns and stamps, and all the rest, which takes
// longer.
[[nodiscard]] std::string columns_query(const std::vector<Oid>& tables);
[[nodiscard]] std::string parts_query(const std::vector<Oid>& tables);
// The rows of either; false where they are not what it asks for. Of tables that `shapes` has not before the
// rows of columns_query() are read nothing is kept.
[[nodiscard]] bool read_shapes(const std::vector<Row>& rows, const std::set<Oid>& effects, Shapes& shapes);

// Once a shape is whole: PostgreSQL 18 has NOT NULL that not every row need pass.
void settle_not_null(Shapes& shapes);

}  // namespace portcullis::shadow
