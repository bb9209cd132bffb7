#include "sql/builtin_names.hpp"

#include <algorithm>
#include <array>

namespace portcullis::sql {
namespace {

// clang-format off
constexpr auto kFunctions = std::to_array<std::string_view>({
#include "sql/builtin_function_names.inc"
});
constexpr auto kVolatileFunctions = std::to_array<std::string_view>({
#include "sql/builtin_volatile_function_names.inc"
});
constexpr auto kSetReturningFunctions = std::to_array<std::string_view>({
#include "sql/builtin_set_returning_function_names.inc"
});
constexpr auto kTypes = std::to_array<std::string_view>({
#include "sql/builtin_type_names.inc"
});
constexpr auto kOperators = std::to_array<std::string_view>({
#include "sql/builtin_operator_names.inc"
});
constexpr auto kOperatorClasses = std::to_array<std::string_view>({
#include "sql/builtin_operator_class_names.inc"
});
// clang-format on

constexpr auto kConstructs = std::to_array<std::string_view>(
    {"xml_is_document", "xmlconcat", "xmlelement", "xmlexpression", "xmlforest", "xmlparse", "xmlpi",
     "xmlroot", "xmlserialize", "xmltable"});

// pg_collation also holds what the operating system offers, by names that differ: those are not PostgreSQL's
// own.
constexpr auto kCollations =
    std::to_array<std::string_view>({"C", "POSIX", "default", "ucs_basic", "unicode"});
constexpr auto kAccessMethods =
    std::to_array<std::string_view>({"brin", "btree", "gin", "gist", "hash", "heap", "spgist"});

template <class Table>
bool holds(const Table& table, std::string_view name) noexcept {
  return std::binary_search(table.begin(), table.end(), name);
}

template <class Table>
consteval bool sorted(const Table& table) {
  return std::is_sorted(table.begin(), table.end());
}
static_assert(sorted(kFunctions) && sorted(kVolatileFunctions) && sorted(kSetReturningFunctions) &&
              sorted(kTypes) && sorted(kOperators) && sorted(kOperatorClasses) && sorted(kConstructs) &&
              sorted(kCollations) && sorted(kAccessMethods));

}  // namespace

bool is_builtin_function(std::string_view name) noexcept {
  return holds(kFunctions, name);
}
bool is_builtin_construct(std::string_view name) noexcept {
  return holds(kConstructs, name);
}
bool is_builtin_volatile_function(std::string_view name) noexcept {
  return holds(kVolatileFunctions, name);
}
bool is_builtin_set_returning_function(std::string_view name) noexcept {
  return holds(kSetReturningFunctions, name);
}
bool is_builtin_type(std::string_view name) noexcept {
  return holds(kTypes, name);
}
bool is_builtin_operator(std::string_view name) noexcept {
  return holds(kOperators, name);
}
bool is_builtin_operator_class(std::string_view name) noexcept {
  return holds(kOperatorClasses, name);
}
bool is_builtin_collation(std::string_view name) noexcept {
  return holds(kCollations, name);
}
bool is_builtin_access_method(std::string_view name) noexcept {
  return holds(kAccessMethods, name);
}

}  // namespace portcullis::sql
