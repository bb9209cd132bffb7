// What the parts of the shadow's making share; nobody else needs it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "portcullis/base/error.hpp"
#include "shadow/row.hpp"

namespace portcullis::net {

// Restores the copy and owns it until it is whole. No superuser: what it runs others have written.
inline constexpr const char* kShadowBuilder = "portcullis_shadow_builder";

// How long a server takes to end when one of its processes was killed.
inline constexpr std::chrono::milliseconds kCrashTime{500};

[[nodiscard]] inline std::string cell(const shadow::Row& row, std::size_t column) {
  return column < row.size() ? row[column].value_or("") : std::string();
}

[[nodiscard]] inline std::vector<std::string> first_cells(const std::vector<shadow::Row>& rows) {
  std::vector<std::string> cells;
  for (const auto& row : rows) cells.push_back(cell(row, 0));
  return cells;
}

[[nodiscard]] inline base::Error with_what(const std::string& what, base::Error error) {
  error.message = what + ": " + error.message;
  return error;
}

}  // namespace portcullis::net
