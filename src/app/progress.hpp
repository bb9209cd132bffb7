// How far a long command is, on one line of a terminal that is written over and wiped at the end.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "app/console.hpp"

namespace portcullis::app {

class Progress {
 public:
  // `what` is being done: "verifying". Nothing is shown where the standard error is no terminal.
  Progress(Console& console, std::string what) : console_(console), what_(std::move(what)) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (shown_ >= 0) console_.err << "\r\033[K" << std::flush;
  }
  void show(std::uint64_t done, std::uint64_t total) {
    if (!console_.err_is_terminal || total == 0) return;
    const int percent = static_cast<int>(static_cast<double>(done) * 100 / static_cast<double>(total));
    if (percent == shown_) return;
    shown_ = percent;
    console_.err << "\r" << what_ << ": " << percent << " % of " << (total >> 20) << " MiB" << std::flush;
  }

 private:
  Console& console_;
  std::string what_;
  int shown_ = -1;
};

}  // namespace portcullis::app
