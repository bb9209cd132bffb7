#include "app/cli_parts.hpp"

#include <CLI/CLI.hpp>

namespace portcullis::app {

CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& purpose,
                      const std::string& example) {
  CLI::App& command = *parent.add_subcommand(name, purpose);
  command.footer("Example:\n  " + example);
  return command;
}

}  // namespace portcullis::app
