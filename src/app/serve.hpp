// `portcullis serve`: the gate, put together and run until it is told to end.
#pragma once

#include "app/config.hpp"

namespace portcullis::app {

// Opens the audit log, listens, prints `portcullis ready on ADDRESS:PORT` on standard output, and returns
// after SIGTERM or SIGINT once every session has ended: 0, or 78 with a message on standard error when it
// could not start.
[[nodiscard]] int serve(const Config& config);

}  // namespace portcullis::app
