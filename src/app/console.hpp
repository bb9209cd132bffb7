// Where a command reads and writes, so that a test can stand in for the terminal.
#pragma once

#include <istream>
#include <ostream>

namespace portcullis::app {

struct Console {
  std::istream& in;
  std::ostream& out;  // what was asked for
  std::ostream& err;  // what went wrong, and progress
  bool in_is_terminal = false;
  bool err_is_terminal = false;
  bool out_is_terminal = false;
};

}  // namespace portcullis::app
