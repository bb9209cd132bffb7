// Coroutines of one thread that wait for what another thread brings about: another catalog.
#pragma once

#include <atomic>
#include <list>

#include "net/asio_prefix.hpp"

namespace portcullis::net {

class Waiters {
 public:
  explicit Waiters(asio::io_context& context) : context_(context) {}

  // On this thread. Returns after a notify(), when `longest` is over, or when interrupt() was called for
  // `who`. Whoever looks and then waits, with nothing awaited in between, misses nothing.
  asio::awaitable<void> wait(const void* who, std::chrono::milliseconds longest);
  // On this thread: whoever `who` stands for need not wait any longer.
  void interrupt(const void* who);
  // Any thread, once what is waited for can be seen. Several in a row wake the thread once.
  void notify();

 private:
  struct Waiter {
    const void* who;
    asio::steady_timer timer;  // cancelled to wake
  };
  void wake();

  asio::io_context& context_;
  std::list<Waiter> waiters_;
  std::atomic<bool> wake_posted_{false};
};

}  // namespace portcullis::net
