// `portcullis dry-run`: what a statement would do, measured on a copy of the database's structure.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/check_command.hpp"
#include "app/config.hpp"
#include "app/console.hpp"
#include "portcullis/base/result.hpp"
#include "shadow/run_facts.hpp"

namespace portcullis::app {

struct Attempt {
  std::string sql;
  std::optional<base::Error> not_tried;  // why there are no facts
  shadow::RunFacts facts{};
  std::chrono::microseconds tried_in{0};  // by the dry run, which has no rows to work on
};

struct TriedOut {
  std::vector<Attempt> attempts;  // as many as there were statements, in their order
  // What production has and the copy has not; tables of which the copy has no row though they hold some.
  std::vector<std::string> left_out, without_row;
  int server_version = 0;
  std::chrono::milliseconds build_time{0};
};
// Makes a shadow, runs each statement in it by itself as the role, and removes it.
using TryOut = std::function<base::Result<TriedOut>(const Config&, const std::string& role,
                                                    const std::vector<std::string>& statements)>;

struct DryRunOptions {
  std::filesystem::path config;
  std::string agent;  // whose role it runs as
  std::vector<std::string> statements;
  Format format = Format::text;
};

// kSuccess: all would run; kFailure: one would fail, or could not be tried out; kConfiguration.
[[nodiscard]] int dry_run(const DryRunOptions& options, Console& console, const TryOut& try_out);

[[nodiscard]] std::string to_text(const TriedOut& tried_out, const std::string& role);
// One object a statement, each a line: docs/dry-run.md.
[[nodiscard]] std::string to_json(const TriedOut& tried_out, const std::string& role);

}  // namespace portcullis::app
