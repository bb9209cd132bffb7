// The part of the configuration that says where and how decisions are kept.
#pragma once

#include "app/config.hpp"
#include "app/config_section.hpp"

namespace portcullis::app {

// Reads the keys that sign, too.
void read_audit(const policy::JsonValue& object, ConfigSource& source, AuditConfig& audit);

}  // namespace portcullis::app
