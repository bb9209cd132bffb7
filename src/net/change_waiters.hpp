// Wakes coroutines on several threads when something that they share has changed. They look for themselves
// whether it is what they wait for.
#pragma once

#include <chrono>
#include <list>

#include "net/asio_prefix.hpp"

namespace portcullis::net {

// Those of one thread that wait.
class ChangeWaiters {
 public:
  explicit ChangeWaiters(asio::io_context& context) : context_(context) {}

  // On this thread. Returns once something has changed, the time is up or interrupt() was called for `who`.
  // Whoever looks and then waits on this thread misses nothing.
  asio::awaitable<void> wait(std::chrono::milliseconds longest, const void* who);
  // On this thread.
  void interrupt(const void* who);
  // Any thread.
  void notify();

 private:
  struct Waiter {
    const void* who;
    asio::steady_timer timer;
  };
  asio::io_context& context_;
  std::list<Waiter> waiters_;
};

}  // namespace portcullis::net
