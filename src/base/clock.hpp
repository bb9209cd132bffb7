// Time comes in as a value or through this interface, so that every machine can be tested with a clock of the test's own.
#pragma once

#include <chrono>

namespace portcullis::base {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, UTC, for records. It may jump.
  [[nodiscard]] virtual std::chrono::system_clock::time_point wall() const = 0;
  // For measuring durations. Never goes back.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::now();
  }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::now();
  }
};

}  // namespace portcullis::base
