// The command line: which command with which options. docs: each command's own --help.
#pragma once

#include "app/catalog_command.hpp"
#include "app/console.hpp"
#include "app/dry_run_command.hpp"
#include "app/serve_command.hpp"

namespace portcullis::app {

// What needs the network is handed in, so that everything else stands without it.
struct NetworkCommands {
  Serve serve;
  DumpCatalog dump_catalog;
  TryOut try_out;
};

// Runs one command and answers the process' exit code; kUsage for a command line that cannot be understood,
// with what is wrong on console.err.
[[nodiscard]] int run(int argc, const char* const* argv, Console& console, const NetworkCommands& network);

}  // namespace portcullis::app
