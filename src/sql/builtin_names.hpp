// Names in pg_catalog, from a running PostgreSQL by scripts/generate_builtin_names.py. They tell what is
// PostgreSQL's own by name; whether it is harmless is for the policy to say.
#pragma once

#include <string_view>

namespace portcullis::sql {

[[nodiscard]] bool is_builtin_function(std::string_view name) noexcept;
// Some function of that name may change data or state: its volatility is VOLATILE.
// What the analysis gives as a function of pg_catalog where the tree has a node: XMLELEMENT, XMLTABLE, ...
[[nodiscard]] bool is_builtin_construct(std::string_view name) noexcept;
[[nodiscard]] bool is_builtin_volatile_function(std::string_view name) noexcept;
// Some function of that name returns a set, so that one row may become many.
[[nodiscard]] bool is_builtin_set_returning_function(std::string_view name) noexcept;
// Base, range, pseudo types and arrays of them; not the row types of the catalogs.
[[nodiscard]] bool is_builtin_type(std::string_view name) noexcept;
[[nodiscard]] bool is_builtin_operator(std::string_view name) noexcept;
[[nodiscard]] bool is_builtin_operator_class(std::string_view name) noexcept;
[[nodiscard]] bool is_builtin_collation(std::string_view name) noexcept;
[[nodiscard]] bool is_builtin_access_method(std::string_view name) noexcept;

}  // namespace portcullis::sql
