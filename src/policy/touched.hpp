// Which columns an effect touches, for protections and rules that name single columns.
#pragma once

#include <string>
#include <vector>

#include "portcullis/catalog/resolution.hpp"

namespace portcullis::policy {

// Rules that open something can name columns for these actions only: those that PostgreSQL's GRANT can have
// columns for, and what goes with them.
[[nodiscard]] bool takes_columns(sql::Action action) noexcept;

// Every column, or it cannot be told which: DELETE, TRUNCATE, DROP, and whatever names none.
[[nodiscard]] bool touches_all(const catalog::ResolvedEffect& effect) noexcept;

// Of `columns`, which are sorted, the ones that are touched.
[[nodiscard]] std::vector<std::string> touched_of(const std::vector<std::string>& columns,
                                                  const catalog::ResolvedEffect& effect);

}  // namespace portcullis::policy
