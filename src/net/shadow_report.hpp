// One statement, tried out: what the command line and sessions are told of it. The copy shows what it does,
// production's own rows are asked where it hangs on them, its catalog who is in the way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "net/shadow_builder.hpp"
#include "shadow/report.hpp"

namespace portcullis::net {

struct ReportSources {
  Shadow& shadow;
  ShadowConnection& production;    // of the gate's own login
  const UpstreamAddress& address;  // of production
  const ServerLogin& agent;        // whose statement it is, at production
  std::int32_t server_pid = 0;     // of the session that it would run in; 0: none
  std::string transaction{};       // number of its open transaction; empty: that has changed nothing
};

// What shall be known besides of a statement's rows.
struct ReportWishes {
  std::optional<shadow::RowQuestion> rows{};        // how many it changes
  std::optional<shadow::TargetQuestion> targets{};  // it shall be tried out on them
};

// Blocks. Never fails: what cannot be found out is told as such.
[[nodiscard]] shadow::StatementReport report_on(const ReportSources& sources, const shadow::RunPlan& plan,
                                                const ReportWishes& wishes = {});

}  // namespace portcullis::net
