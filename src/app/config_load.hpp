// Reads the configuration and every file that it names, and says all that is wrong with them at once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "app/problem.hpp"

namespace portcullis::app {

struct LoadedConfig {
  std::optional<Config> config;  // nothing when there are problems
  std::vector<Problem> problems;
  std::vector<std::string>
      warnings;  // what is likely a mistake but harmless, e.g. an agent that cannot log in
};

// Opens nothing but files: no network, no database. Never throws for what stands in them.
[[nodiscard]] LoadedConfig load_config(const std::filesystem::path& file);

// Reads and checks a policy file alone. Nothing, and problems appended, when anything is wrong with it.
[[nodiscard]] std::shared_ptr<const policy::PolicySet> load_policy(const std::filesystem::path& file,
                                                                   std::vector<Problem>& problems);

}  // namespace portcullis::app
