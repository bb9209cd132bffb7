// The rows that a table would have behind a statement, as SQL over the table as it is: a new column has its
// default there, a changed one is cast, a renamed one has its new name.
#pragma once

#include <string>
#include <vector>

#include "shadow/table_changes.hpp"

namespace portcullis::shadow {

struct RowSource {
  std::string sql;      // goes behind FROM; its rows go by "c"
  std::string why_not;  // not empty: it cannot be written, and nothing may be asked
};

// With these columns, by number; `has_using`: the values of a changed column are made nobody knows how.
[[nodiscard]] RowSource rows_after(const TableChanges& table, const std::vector<int>& columns,
                                   bool has_using);

// The values that it has are not those that it had.
[[nodiscard]] bool is_changed(const TableChanges& table, int column);

}  // namespace portcullis::shadow
