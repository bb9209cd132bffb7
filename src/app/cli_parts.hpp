// What all parts of the command line are made of.
#pragma once

#include <filesystem>
#include <string>

#include "app/recorded_reading.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace portcullis::app {

// A command below `parent`, whose help ends with the example.
CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& purpose,
                      const std::string& example);

// --sealing-keys FOLDER; `purpose` says what for.
CLI::Option& add_sealing_keys(CLI::App& command, std::filesystem::path& folder, const std::string& purpose);
// That, and who reads and how that is recorded: of what opens texts for people.
CLI::Option& add_open_options(CLI::App& command, OpenTextsOptions& options);

// What is wrong with the index of an entry as it was given; empty where nothing is.
[[nodiscard]] std::string is_index(const std::string& text);

}  // namespace portcullis::app
