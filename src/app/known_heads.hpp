// What the anchors of the audit log know of it, for its start.
#pragma once

#include <vector>

#include "app/config.hpp"
#include "audit/log.hpp"

namespace portcullis::app {

// The newest checkpoint that each anchor's file has of this log, by one of its keys; nothing of a file that
// is not there yet, nor of commands, which nothing can be read back from. A file that cannot be read is an
// error where the anchor is required, else a warning.
[[nodiscard]] base::Result<std::vector<audit::KnownHead>> known_heads(const AuditConfig& config);

}  // namespace portcullis::app
