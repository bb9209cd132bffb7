// `portcullis dry-run`: what a statement would do, measured on a copy of the database's structure.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "app/check_command.hpp"
#include "app/config.hpp"
#include "app/console.hpp"
#include "portcullis/base/result.hpp"
#include "shadow/report.hpp"

namespace portcullis::app {

struct TriedOut {
  shadow::Report report;
  std::chrono::milliseconds build_time{0};  // of the copy
};
struct DryRunOptions {
  std::filesystem::path config;
  std::string agent;  // whose role it runs as
  std::vector<std::string> statements;
  std::uint64_t target_rows = 0;  // of production, that an UPDATE or DELETE is tried out on; 0: on none
  Format format = Format::text;
};

// Makes a shadow, runs each statement in it by itself as the role, and removes it.
using TryOut = std::function<base::Result<TriedOut>(const Config&, const std::string& role,
                                                    const DryRunOptions& options)>;

// kSuccess: all would run; kFailure: one would fail, or nobody knows; kConfiguration.
[[nodiscard]] int dry_run(const DryRunOptions& options, Console& console, const TryOut& try_out);

// `colours`: by terminal sequences, for what would fail and what nobody knows.
[[nodiscard]] std::string to_text(const TriedOut& tried_out, bool colours);

}  // namespace portcullis::app
