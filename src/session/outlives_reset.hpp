// What a statement may leave behind: in the server's session what DISCARD ALL does not take away, in the
// database what ROLLBACK does not. docs/decisions/0021-server-connections-used-again.md and
// 0022-a-change-counts-when-its-block-commits.md.
#pragma once

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::session {

// False only for what is known not to: work on rows of ordinary tables whose columns, indexes and policies
// are PostgreSQL's own, its reviewed functions, and control of the session and its transactions. `snapshot`
// is what `resolution` was made from; null: nothing is known.
[[nodiscard]] bool outlives_reset(const sql::Facts& meant, const catalog::Resolution* resolution,
                                  const catalog::Snapshot* snapshot);

// True only for what is known to leave nothing where its transaction does not commit: rows of tables like
// those, read, locked or changed, and nothing that advances a sequence.
[[nodiscard]] bool is_undone_by_rollback(const sql::Facts& meant, const catalog::Resolution* resolution,
                                         const catalog::Snapshot* snapshot);

// Whether it works on rows or calls functions that are not of that kind. False for what only controls the
// session and its transactions.
[[nodiscard]] bool reaches_beyond(const catalog::Resolution* resolution, const catalog::Snapshot* snapshot);

}  // namespace portcullis::session
