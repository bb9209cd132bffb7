// What a verdict says about counting rows, for the session.
#pragma once

#include <optional>

#include "portcullis/guard/verdict.hpp"
#include "portcullis/sql/facts.hpp"
#include "session/row_duty.hpp"

namespace portcullis::session {

[[nodiscard]] std::optional<RowDuty> rows_duty_of(const guard::Verdict& verdict, const sql::Facts& meant);

// The stricter of two duties: a name may stand for several portals.
[[nodiscard]] std::optional<RowDuty> stricter(const std::optional<RowDuty>& a,
                                              const std::optional<RowDuty>& b);

}  // namespace portcullis::session
