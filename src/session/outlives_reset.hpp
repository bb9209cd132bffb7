// Whether a statement may leave something in the server's session that DISCARD ALL does not take away.
// docs/decisions/0021-server-connections-used-again.md.
#pragma once

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::session {

// False only for what is known not to: work on rows of ordinary tables whose columns, indexes and policies
// are PostgreSQL's own, its reviewed functions, and control of the session and its transactions. `snapshot`
// is what `resolution` was made from; null: nothing is known.
[[nodiscard]] bool outlives_reset(const sql::Facts& meant, const catalog::Resolution* resolution,
                                  const catalog::Snapshot* snapshot);

}  // namespace portcullis::session
