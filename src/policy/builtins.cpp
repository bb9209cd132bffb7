#include "policy/builtins.hpp"

#include <algorithm>
#include <array>

namespace portcullis::policy {
namespace {

// What the functions of a class have in common (policies/builtin/classes.tsv).
struct FunctionClass {
  BuiltinDecision decision;
  std::span<const ObjectArgument> objects;
  bool json_cast;
  std::string_view reason;
};

constexpr BuiltinFunction function(std::string_view name, const FunctionClass& kind) {
  return {name, kind.decision, kind.objects, kind.json_cast, kind.reason};
}

constexpr BuiltinCatalog relation(std::string_view schema, std::string_view name, BuiltinDecision decision,
                                  std::span<const std::string_view> denied, std::string_view reason) {
  return {schema, name, decision, denied, reason};
}

// clang-format off
#include "policy/builtin_data_functions.inc"
#include "policy/builtin_data_catalogs.inc"
// clang-format on

// Sorted and each name once: a table out of order would not find what it lists.
template <class Table>
constexpr bool is_sorted_set(const Table& table) {
  const auto out_of_order = [](const auto& one, const auto& next) { return one.name >= next.name; };
  return std::adjacent_find(table.begin(), table.end(), out_of_order) == table.end();
}
static_assert(is_sorted_set(kPgCatalogFunctions) && is_sorted_set(kInformationSchemaFunctions));
static_assert(is_sorted_set(kPgCatalogRelations) && is_sorted_set(kInformationSchemaRelations));

template <class Entry>
const Entry* find(std::span<const Entry> table, std::string_view name) noexcept {
  const auto found = std::ranges::lower_bound(table, name, {}, &Entry::name);
  return found != table.end() && found->name == name ? &*found : nullptr;
}

}  // namespace

const BuiltinFunction* builtin_function(std::string_view schema, std::string_view name) noexcept {
  if (schema == "pg_catalog") return find<BuiltinFunction>(kPgCatalogFunctions, name);
  if (schema == "information_schema") return find<BuiltinFunction>(kInformationSchemaFunctions, name);
  return nullptr;
}

const BuiltinCatalog* builtin_catalog(std::string_view schema, std::string_view name) noexcept {
  if (schema == "pg_catalog") return find<BuiltinCatalog>(kPgCatalogRelations, name);
  if (schema == "information_schema") return find<BuiltinCatalog>(kInformationSchemaRelations, name);
  return nullptr;
}

}  // namespace portcullis::policy
