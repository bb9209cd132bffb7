// `portcullis check`: what would the gate say to this statement, effect by effect?
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/console.hpp"
#include "portcullis/guard/verdict.hpp"
#include "portcullis/policy/policy_set.hpp"

namespace portcullis::app {

enum class Format : std::uint8_t { text, json };

struct CheckOptions {
  std::filesystem::path policy;
  std::string agent;
  std::vector<std::string> search_path{"public"};
  std::optional<std::filesystem::path> catalog;  // a file of `portcullis catalog dump`; absent: names alone
  Format format = Format::text;
  sql::Claims claims{};            // that the session makes
  std::optional<std::string> sql;  // absent: all of the console's input
};

inline constexpr int kDenied = 1;
inline constexpr int kAsk = 2;
inline constexpr int kWouldDeny = 3;

// 0 for allow, kDenied, kAsk, kWouldDeny; kUsage when the policy cannot be read or has no such agent.
[[nodiscard]] int check(const CheckOptions& options, Console& console);

// What to say of a name that is no agent's.
[[nodiscard]] std::string no_agent(const policy::PolicySet& policy, std::string_view name);

// What check() prints: the verdict, each effect with its rule and reason, and what the agent would read.
[[nodiscard]] std::string to_text(const guard::Verdict& verdict);

}  // namespace portcullis::app
