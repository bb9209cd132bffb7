// `portcullis serve`, up to the point where everything that it read is known to be right.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "app/config.hpp"
#include "app/console.hpp"

namespace portcullis::app {

using Serve = std::function<int(const Config&)>;

// Loads the configuration and runs the policy's own tests, then answers what `serve` does; kConfiguration,
// with every problem on the console, when anything is wrong with either.
[[nodiscard]] int load_and_serve(const std::filesystem::path& file, Console& console, const Serve& serve);

// Reads a policy file and runs the tests in it. Null, and every problem as lines of text, when anything is
// wrong.
[[nodiscard]] std::shared_ptr<const policy::PolicySet> load_and_test_policy(const std::filesystem::path& file,
                                                                            std::string& problems);

}  // namespace portcullis::app
