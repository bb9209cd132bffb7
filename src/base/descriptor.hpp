// A file descriptor that is closed when it goes.
#pragma once

#include <unistd.h>

#include <string_view>

namespace portcullis::base {

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (is_open()) ::close(number_);
  }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  [[nodiscard]] int get() const noexcept { return number_; }

 private:
  int number_;
};

// All of `content`, then fsync(2). 0, or errno: then an unknown part of it is in the file.
[[nodiscard]] int write_and_sync(const Descriptor& file, std::string_view content);

}  // namespace portcullis::base
