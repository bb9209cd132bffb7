// The part of the configuration that says who may erase texts from the audit log, and how long they are kept.
#pragma once

#include "app/config.hpp"
#include "app/config_section.hpp"

namespace portcullis::app {

// "erasers" and "retention" of the section "audit".
void read_erasure(ConfigSection& section, ConfigSource& source, AuditConfig& audit);

}  // namespace portcullis::app
