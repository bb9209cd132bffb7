// Coroutines of one thread that wait for what other threads bring about: an entry of the audit log that is
// durable, another catalog.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <optional>

#include "net/asio_prefix.hpp"

namespace portcullis::net {

class Waiters {
 public:
  using Check = std::function<bool()>;

  explicit Waiters(asio::io_context& context) : context_(context) {}

  // On this thread. Returns once `is_due` holds after a notify(), `longest` is over, or interrupt() was
  // called for `who`; does not ask before the first notify(). Whoever looks and then waits, with nothing
  // awaited in between, misses nothing.
  asio::awaitable<void> wait(const void* who, Check is_due,
                             std::optional<std::chrono::milliseconds> longest = std::nullopt);
  // On this thread: whoever `who` stands for need not wait any longer.
  void interrupt(const void* who);
  // Any thread, once what is waited for can be seen. Several in a row wake the thread once: that costs more
  // than the rest of the hand-over.
  void notify();

 private:
  struct Waiter {
    const void* who;
    Check is_due;
    asio::steady_timer timer;  // cancelled to wake
  };
  void wake();

  asio::io_context& context_;
  std::list<Waiter> waiters_;
  std::atomic<bool> wake_posted_{false};
};

}  // namespace portcullis::net
