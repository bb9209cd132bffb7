// What a log proves by its key, once all its entries and notes were seen: docs/audit-format.md, (`key`) and
// `unsigned` of "What must hold of signatures".
#pragma once

#include "audit/key_history.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::audit {

// Sets `key` and `key_is_trusted` of the report, of which `covered` and `whole` are set.
void conclude_on_key(const KeyHistory& keys, VerifyReport& report, const KeyHistory::Report& add);

}  // namespace portcullis::audit
