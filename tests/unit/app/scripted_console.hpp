// A console whose input a test writes and whose output it reads.
#pragma once

#include <sstream>
#include <string>

#include "app/console.hpp"

namespace portcullis::testing {

struct ScriptedConsole {
  explicit ScriptedConsole(const std::string& input = {}) : in(input) {}

  std::istringstream in;
  std::ostringstream out, err;
  app::Console console{in, out, err};
};

}  // namespace portcullis::testing
