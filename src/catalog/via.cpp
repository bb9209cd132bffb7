#include <algorithm>
#include <array>

#include "portcullis/catalog/resolution.hpp"

namespace portcullis::catalog {
namespace {

// In the order of the enumeration.
constexpr auto kNames = std::to_array<std::string_view>(
    {"written", "view", "rule", "trigger", "policy", "inheritance", "foreign key", "reference",
     "stored expression", "operator", "cascade", "event trigger"});

}  // namespace

std::string_view name(Via via) noexcept {
  return kNames[static_cast<std::size_t>(via) % kNames.size()];
}

std::optional<Via> via_named(std::string_view name) noexcept {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Via>(found - kNames.begin());
}

}  // namespace portcullis::catalog
