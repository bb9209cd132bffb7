// What all parts of the command line are made of.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace portcullis::app {

// A command below `parent`, whose help ends with the example.
CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& purpose,
                      const std::string& example);

// What is wrong with the index of an entry as it was given; empty where nothing is.
[[nodiscard]] std::string is_index(const std::string& text);

}  // namespace portcullis::app
