// `portcullis policy explain`: what may this agent do?
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "app/check_command.hpp"
#include "app/console.hpp"

namespace portcullis::app {

struct ExplainOptions {
  std::filesystem::path policy;
  std::string agent;
  std::optional<std::filesystem::path> catalog;  // a file of `portcullis catalog dump`
  Format format = Format::text;
};

// Prints the agent's rules by object and what holds for everyone; with a catalog also what may be done to
// each relation. kSuccess, or kUsage when a file cannot be read or the policy has no such agent.
[[nodiscard]] int explain_policy(const ExplainOptions& options, Console& console);

}  // namespace portcullis::app
