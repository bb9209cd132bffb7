// Asks for a password on the terminal without showing it.
#pragma once

#include <string_view>

#include "base/secret.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::app {

// Asks on standard error, reads standard input, which must be a terminal; twice, until both are the same.
// Ctrl-C ends the process as ever, with the terminal as it was. 58030 when the input ends.
[[nodiscard]] base::Result<base::Secret> ask_password_twice(std::string_view login);

}  // namespace portcullis::app
