// Foreign keys, as far as a dry run on production's own rows follows them. All names are as pg_catalog has
// them under exact_settings().
#pragma once

#include <string>
#include <vector>

#include "portcullis/base/result.hpp"
#include "shadow/row.hpp"
#include "shadow/target_rows.hpp"

namespace portcullis::shadow {

struct ForeignKey {
  Oid oid = 0, table = 0;  // of the table that has it
  char on_delete = 'a', on_update = 'a';
  TargetReference reference;
  // It compares by PostgreSQL's own operators, which answer alike under all settings.
  bool is_plain = true;
};

// Those whose `end`, conrelid or confrelid, is the table.
[[nodiscard]] std::string foreign_keys_query(const char* end, Oid table);
// Of its answer. 0A000: one of them is over a period; 08P01: the answer is no such one.
[[nodiscard]] base::Result<std::vector<ForeignKey>> read_foreign_keys(const std::vector<Row>& rows);

// "parent"."id" and "child"."order_id" are the same: of each column.
[[nodiscard]] std::string refers(const TargetReference& reference, const std::string& child,
                                 const std::string& parent);

}  // namespace portcullis::shadow
