// One statement, tried out in a shadow: what the command line and sessions are told of it.
#pragma once

#include <string>

#include "net/shadow_builder.hpp"
#include "shadow/report.hpp"

namespace portcullis::net {

// Never fails: what cannot be tried out is reported as such. `role` is production's.
[[nodiscard]] shadow::StatementReport try_out(Shadow& shadow, const std::string& role, shadow::RunPlan plan);

}  // namespace portcullis::net
