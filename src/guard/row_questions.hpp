// How many rows a statement would change, and which: what may be asked of production to know it.
#pragma once

#include <cstdint>
#include <string_view>

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/sql/facts.hpp"
#include "shadow/row_count.hpp"
#include "shadow/target_rows.hpp"

namespace portcullis::guard {

struct RowSubject {
  std::string_view text;  // of the statement alone
  const sql::StatementFacts& facts;
  const catalog::Snapshot* snapshot = nullptr;  // null: nothing is known of what names mean
  const catalog::NameSpace& names;
};

// Counted up to one more than `most`. Asked is only for rows of tables, by PostgreSQL's own functions that
// have no effect: code of users is not run for it. Where triggers, rules, foreign keys, views or code of
// users may change rows besides, nobody knows how many. What is no INSERT, UPDATE, DELETE, MERGE, TRUNCATE or
// query that fills a new table changes none. The calling thread must be one that may parse (sql/analyze.hpp).
[[nodiscard]] shadow::RowQuestion row_question(const RowSubject& subject, std::uint64_t most);

// Which rows an UPDATE or DELETE of one table changes, at most `most` of one table, for a run on them. The
// same holds for what may be asked. Foreign keys are followed, and triggers run in the copy; where rules or
// views stand between, or the statement reads other tables, nobody asks. The calling thread as above.
[[nodiscard]] shadow::TargetQuestion target_question(const RowSubject& subject, std::uint64_t most);

}  // namespace portcullis::guard
