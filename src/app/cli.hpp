// The command line: which command with which options. docs: each command's own --help.
#pragma once

#include "app/console.hpp"
#include "app/serve_command.hpp"

namespace portcullis::app {

// Runs one command and answers the process' exit code; kUsage for a command line that cannot be understood,
// with what is wrong on console.err. `serve` is handed in so that everything else stands without the network.
[[nodiscard]] int run(int argc, const char* const* argv, Console& console, const Serve& serve);

}  // namespace portcullis::app
