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

}  // namespace portcullis::app
