// The process: the terminal's streams in, an exit code out.
#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <iostream>

#include "app/cli.hpp"
#include "app/exit_code.hpp"
#include "app/serve.hpp"

namespace {

// Of the streams that the process was started without, the numbers would go to files that are opened later:
// the audit log would get what is meant for a terminal. Held so that nothing can be written there.
void hold_streams() {
  int file = 0;
  do file = ::open("/dev/null", O_RDONLY);
  while (file >= STDIN_FILENO && file <= STDERR_FILENO);
  if (file > STDERR_FILENO) ::close(file);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace portcullis::app;
  hold_streams();
  Console console{.in = std::cin,
                  .out = std::cout,
                  .err = std::cerr,
                  .in_is_terminal = ::isatty(STDIN_FILENO) == 1,
                  .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
                  .out_is_terminal = ::isatty(STDOUT_FILENO) == 1};
  try {
    const int code = run(argc, argv, console, {serve, read_catalog, try_out});
    std::cout.flush();
    // An answer that did not arrive is no answer: a full disk, say.
    return std::cout.good() || code != kSuccess ? code : kFailure;
  } catch (const std::exception& error) {
    std::cerr << "portcullis: " << error.what() << "\n";
    return kFailure;
  }
}
