// A thread that blocks can be told to give up: what waits on it, for a program or a server, looks here.
#pragma once

#include <atomic>

namespace portcullis::net {

class Interruption {
 public:
  // For the calling thread, as long as this lives; `requested` must outlive it. One at a time.
  explicit Interruption(const std::atomic<bool>& requested) noexcept { current() = &requested; }
  ~Interruption() { current() = nullptr; }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // While it lives nobody can tell the calling thread to: what must be done at the end is done.
  class Suspended {
   public:
    Suspended() noexcept : was_(current()) { current() = nullptr; }
    ~Suspended() { current() = was_; }
    Suspended(const Suspended&) = delete;
    Suspended& operator=(const Suspended&) = delete;

   private:
    const std::atomic<bool>* was_;
  };

  // Of the calling thread. False where nobody can tell it to.
  [[nodiscard]] static bool requested() noexcept { return current() != nullptr && current()->load(); }

 private:
  static const std::atomic<bool>*& current() noexcept {
    thread_local const std::atomic<bool>* flag = nullptr;
    return flag;
  }
};

}  // namespace portcullis::net
