// What cannot be counted while it can still be undone is refused under a limit on rows, never waved through.
#pragma once

#include <optional>
#include <string>

#include "portcullis/base/error.hpp"
#include "portcullis/catalog/resolution.hpp"
#include "portcullis/policy/policy_set.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::guard {

struct RowRefusal {
  sql::Action action{};  // what it is about
  std::string why;       // one clause: "TRUNCATE removes rows that PostgreSQL does not count"
};
// Why a text that comes under a limit on rows is refused before it runs, or nothing.
[[nodiscard]] std::optional<RowRefusal> uncountable(const sql::Facts& facts,
                                                    const catalog::Resolution& resolution);

// 42501: "portcullis: denied by "repair": WHY, and its limit "rows_affected" is 100."
[[nodiscard]] base::Error row_refusal(const policy::RowLimit& limit, const std::string& why);

}  // namespace portcullis::guard
