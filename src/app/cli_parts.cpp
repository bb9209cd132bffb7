#include "app/cli_parts.hpp"

#include <CLI/CLI.hpp>

namespace portcullis::app {

CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& purpose,
                      const std::string& example) {
  CLI::App& command = *parent.add_subcommand(name, purpose);
  command.footer("Example:\n  " + example);
  return command;
}

CLI::Option& add_sealing_keys(CLI::App& command, std::filesystem::path& folder, const std::string& purpose) {
  return *command
              .add_option(
                  "--sealing-keys", folder,
                  "The folder of the keys of sealed texts, audit.sealing_keys in the configuration:\n" +
                      purpose)
              ->type_name("FOLDER");
}

CLI::Option& add_open_options(CLI::App& command, OpenTextsOptions& options) {
  CLI::Option& keys =
      add_sealing_keys(command, options.keys,
                       "texts that are sealed are opened, behind an entry of the log that says "
                       "who reads them");
  const auto add = [&](const char* name, auto& into, const char* purpose, const char* type) {
    command.add_option(name, into, purpose)->needs(&keys)->type_name(type);
  };
  add("--by", options.by, "Who reads, as the log is to say; your user's name when left out", "NAME");
  add("--purpose", options.purpose, "Why, as the log is to say", "TEXT");
  add("--config", options.config,
      "The gate's configuration file: where no gate has the log open, the entry is written by it", "FILE");
  command
      .add_flag("--copy", options.copy,
                "The log is a copy that nobody writes to: that it is read is recorded nowhere")
      ->needs(&keys)
      ->excludes(command.get_option("--config"));
  command.add_option("--wait", options.patience, "How many seconds to wait for a gate that has the log open")
      ->needs(&keys)
      ->default_str("60")
      ->type_name("SECONDS");
  return keys;
}

// Decimal digits alone: of "-1" CLI11 would make the largest number that there is.
std::string is_index(const std::string& text) {
  const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? "" : "an index is a number from 0, as in 4711";
}

}  // namespace portcullis::app
