// `portcullis user`: makes the line of a login, from a password that is never stored.
#pragma once

#include <filesystem>
#include <string>

#include "app/console.hpp"

namespace portcullis::app {

struct UserOptions {
  std::string name;
  std::filesystem::path file;           // empty: the line is printed
  std::filesystem::path password_file;  // empty: asked for, or the first line of the console's input
};

// kSuccess; kUsage for a name or password that cannot be used; kFailure when a file could not be read or
// written.
[[nodiscard]] int make_user(const UserOptions& options, Console& console);

}  // namespace portcullis::app
