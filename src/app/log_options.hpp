// The audit log as the configuration has it.
#pragma once

#include "app/config.hpp"
#include "audit/log.hpp"

namespace portcullis::app {

// Without what is told of its checkpoints, and what is known of it elsewhere: see known_heads().
[[nodiscard]] audit::LogOptions log_options(const AuditConfig& config);

}  // namespace portcullis::app
