// What resolving and the closure have to know of each action.
#pragma once

#include <optional>

#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::catalog {

// Its object is what the statement makes: it need not be there, and goes to the first schema of the search
// path. Not those that make something on a table: there the table is the object.
[[nodiscard]] bool makes_object(sql::Action action) noexcept;
// Its object is of ObjectKind::other and lives in a schema: collations, operators and their classes,
// conversions, statistics, text search.
[[nodiscard]] bool is_on_other_in_schema(sql::Action action) noexcept;
// Done to a table it is done to the tables that inherit from it and to its partitions too.
[[nodiscard]] bool spreads_to_children(sql::Action action) noexcept;
// RENAME of a relation, and SET SCHEMA: they stand twice in the facts, the second time with the new name.
[[nodiscard]] bool moves_relation(sql::Action action) noexcept;
[[nodiscard]] bool is_copy_to(sql::Action action) noexcept;
[[nodiscard]] bool is_copy_from(sql::Action action) noexcept;
// It names columns of its relation, and without any it means all of them.
[[nodiscard]] bool means_all_without_columns(sql::Action action) noexcept;
// Its expressions and elements speak of columns of its relation, which the facts have as references.
[[nodiscard]] bool has_expressions(sql::Action action) noexcept;
// The columns of such an effect are a set: sorted, each once.
[[nodiscard]] bool has_column_set(sql::Action action) noexcept;
// Builds the table's indexes or its rows anew, or looks at their expressions.
[[nodiscard]] bool evaluates_indexes(sql::Action action) noexcept;
[[nodiscard]] bool is_drop_of_relation(sql::Action action) noexcept;
[[nodiscard]] bool is_drop_of_function(sql::Action action) noexcept;
[[nodiscard]] sql::Action drop_of(RelationKind kind) noexcept;

// Which of a trigger's, rule's or policy's events the action is; null where it is none.
using Event = bool Events::*;
[[nodiscard]] Event event_of(sql::Action action) noexcept;

}  // namespace portcullis::catalog
