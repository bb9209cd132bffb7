#include "app/cli_parts.hpp"

#include <CLI/CLI.hpp>

namespace portcullis::app {

CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& purpose,
                      const std::string& example) {
  CLI::App& command = *parent.add_subcommand(name, purpose);
  command.footer("Example:\n  " + example);
  return command;
}

// Decimal digits alone: of "-1" CLI11 would make the largest number that there is.
std::string is_index(const std::string& text) {
  const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? "" : "an index is a number from 0, as in 4711";
}

}  // namespace portcullis::app
