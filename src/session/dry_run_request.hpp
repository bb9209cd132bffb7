// What a session wants tried out before it is judged, and what came of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "portcullis/base/result.hpp"
#include "shadow/outside.hpp"
#include "shadow/parameters.hpp"
#include "shadow/report.hpp"
#include "shadow/row_count.hpp"
#include "shadow/target_rows.hpp"

namespace portcullis::session {

struct Basis;

// Name and value, as RunPlan::settings.
using SessionSettings = std::vector<std::pair<std::string, std::string>>;

struct DryRunRequest {
  std::vector<std::string> statements;  // one behind the other; of what is bound it is one
  std::vector<std::string> earlier;     // what the open transaction has changed in the catalog before
  std::shared_ptr<const SessionSettings> settings;
  std::optional<shadow::Parameters> parameters{};
  // Of a single statement outside of transaction blocks, where PostgreSQL runs it only there.
  std::optional<shadow::Outside> outside{};
  // For each statement: how its rows are counted; nothing where nobody wants to know. Empty: of none.
  std::vector<std::optional<shadow::RowQuestion>> rows{};
  // The same for which rows it is tried out on.
  std::vector<std::optional<shadow::TargetQuestion>> targets{};
  friend bool operator==(const DryRunRequest&, const DryRunRequest&) = default;
};

using DryRunResult = base::Result<std::shared_ptr<const shadow::Report>>;

struct TriedOut {
  DryRunRequest request;
  std::shared_ptr<const Basis> basis;  // that it was to be judged by
  DryRunResult result;
  std::size_t attempts = 0;  // for the message
};

}  // namespace portcullis::session
