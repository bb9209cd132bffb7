#include "policy/builtin_lists.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace portcullis::policy {
namespace {

// clang-format off
constexpr auto kShipped = std::to_array<std::string_view>({
#include "policy/builtin_functions.inc"
});
constexpr auto kHarmless = std::to_array<std::string_view>({
#include "policy/builtin_harmless_functions.inc"
});
constexpr auto kCatalogs = std::to_array<std::string_view>({
#include "policy/builtin_catalogs.inc"
});
// clang-format on

// A table out of order would refuse what it lists.
static_assert(std::is_sorted(kShipped.begin(), kShipped.end()));
static_assert(std::is_sorted(kHarmless.begin(), kHarmless.end()));
static_assert(std::is_sorted(kCatalogs.begin(), kCatalogs.end()));

template <class Table>
bool holds(const Table& table, std::string_view name) noexcept {
  return std::binary_search(table.begin(), table.end(), name);
}

}  // namespace

bool is_shipped_function(std::string_view name) noexcept {
  return holds(kShipped, name);
}

bool is_harmless_function(std::string_view schema, std::string_view name) {
  if (schema == "pg_catalog") return holds(kHarmless, name);
  return schema == "information_schema" && holds(kHarmless, "information_schema." + std::string(name));
}

bool is_catalog_relation(std::string_view name) noexcept {
  return holds(kCatalogs, name);
}

}  // namespace portcullis::policy
