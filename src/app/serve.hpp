// The commands that need the network: the gate, put together and run until it is told to end, and a look at
// its database.
#pragma once

#include <string>

#include "app/config.hpp"
#include "app/dry_run_command.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::app {

// Opens the audit log, listens, prints `portcullis ready on ADDRESS:PORT` on standard output, and returns
// after SIGTERM or SIGINT once every session has ended: 0, or 78 with a message on standard error when it
// could not start.
[[nodiscard]] int serve(const Config& config);

// Makes a copy of the structure of the database that the configuration names, beside this process, and runs
// each of the statements of the options in it, by itself, as the role.
[[nodiscard]] base::Result<TriedOut> try_out(const Config& config, const std::string& role,
                                             const DryRunOptions& options);

// Reads the catalog of the database that the configuration names, as `portcullis catalog dump` writes it.
[[nodiscard]] base::Result<std::string> read_catalog(const Config& config);

}  // namespace portcullis::app
