#include "app/terminal_password.hpp"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <optional>
#include <string>

namespace portcullis::app {
namespace {

volatile std::sig_atomic_t caught_signal = 0;

// Echo is off while it lives. A signal that would end the process waits until the terminal is as it was.
class QuietTerminal {
 public:
  QuietTerminal() {
    caught_signal = 0;
    struct sigaction note {};
    note.sa_handler = [](int number) { caught_signal = number; };
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &note, &actions_[i]);
    ::tcgetattr(STDIN_FILENO, &settings_);
    termios quiet = settings_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  ~QuietTerminal() {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings_);
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &actions_[i], nullptr);
    if (caught_signal != 0) std::raise(caught_signal);
  }

 private:
  static constexpr std::array<int, 5> kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
  std::array<struct sigaction, kSignals.size()> actions_{};
  termios settings_{};
};

// Nothing at the end of the input or at a signal.
std::optional<base::Secret> ask(std::string_view question) {
  std::cerr << question << std::flush;
  const QuietTerminal quiet;
  std::string line;
  line.reserve(1024);  // does not move, so leaves no copies, for any line that a terminal can send
  for (char c = 0;;) {
    const ssize_t count = ::read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR && caught_signal == 0) continue;
    if (count <= 0) return std::nullopt;
    if (c == '\n') return base::Secret(std::move(line));
    line += c;
  }
}

}  // namespace

base::Result<base::Secret> ask_password_twice(std::string_view login) {
  const base::Error ended{.code = base::sqlstate::io_error, .message = "no password was given"};
  while (true) {
    auto first = ask("Password for " + std::string{login} + ": ");
    if (!first) return ended;
    const auto second = ask("The same again: ");
    if (!second) return ended;
    if (first->reveal() == second->reveal()) return std::move(*first);
    std::cerr << "these differ, once more\n";
  }
}

}  // namespace portcullis::app
