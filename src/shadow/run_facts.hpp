// What one run in the shadow has shown. Everything here was measured, or follows by rule; nothing is guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/error.hpp"
#include "portcullis/sql/lock_mode.hpp"
#include "shadow/table_changes.hpp"

namespace portcullis::shadow {

using sql::LockMode;
using sql::LockSet;

struct RelationFacts {
  std::string schema, name;  // before the statement, which may have renamed it
  char kind = 'r';           // pg_class.relkind
  LockSet locks;             // that its transaction did not hold before the statement
  bool is_new = false;       // the statement made it
  bool is_gone = false;      // the statement dropped it
  bool is_rewritten =
      false;                // stored anew: a table written again, an index built again, what TRUNCATE emptied
  bool is_scanned = false;  // a table that was read from its beginning to its end
  std::uint64_t inserted = 0, updated = 0, deleted = 0;  // rows
  friend bool operator==(const RelationFacts&, const RelationFacts&) = default;
};

// "table", "index": of pg_class.relkind.
[[nodiscard]] std::string_view kind_name(char relkind) noexcept;

// What PostgreSQL names of what a statement failed by (fields s, t, c and n of its error); code of users can
// write there what it likes.
struct FailedBy {
  std::string schema, table, column, constraint;
  friend bool operator==(const FailedBy&, const FailedBy&) = default;
};

struct RunFacts {
  // What the statement, or what was put off to the end of its transaction, failed by, in the database's own
  // words. Then nothing else is known: the transaction is over, and its locks are gone.
  std::optional<base::Error> failure;
  FailedBy failed_by;
  std::string tag;  // CommandComplete's
  // By schema and name. Indexes among them; neither catalogs nor the tables of long values.
  std::vector<RelationFacts> relations;
  // Of the tables that were there before and are locked more strongly than ROW EXCLUSIVE; also what `earlier`
  // of the plan has changed. By schema and name.
  std::vector<TableChanges> changes;
  // It ran outside transactions. Locks and what is read whole were not measured then: they are PostgreSQL's
  // rules.
  bool is_by_rule = false;
  // It waits until every transaction has ended that is older and could see what it changes.
  bool waits_for_older = false;
  // It failed on made-up rows by this (SQLSTATE class 22 or 23), and runs where there are none: all else here
  // is of that second run, and whether it fails in production hangs on production's rows. Beside `failure`:
  // it failed there as well, by what rows may decide, too, and production's may decide otherwise.
  std::optional<base::Error> on_made_up_rows;
};

// SQLSTATE classes 22, data exception, and 23, integrity constraint violation.
[[nodiscard]] inline bool may_hang_on_rows(const base::Error& failure) noexcept {
  return failure.code.view().starts_with("22") || failure.code.view().starts_with("23");
}
// Of a run on made-up rows and of one without any: what both say of the statement. A parent's row is missing
// wherever there are no rows of production's.
[[nodiscard]] RunFacts facts_of_both(RunFacts with_rows, RunFacts rowless);

}  // namespace portcullis::shadow
