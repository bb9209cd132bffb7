// Coroutines of one thread that wait for the audit log to be durable. The log's writer wakes a thread once a
// batch, not once an entry: a wake-up costs more than the rest of the hand-over.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>

#include "net/asio_prefix.hpp"
#include "portcullis/audit/record.hpp"

namespace portcullis::net {

class LogWaiters {
 public:
  LogWaiters(asio::io_context& context, const audit::Sink& sink) : context_(context), sink_(sink) {}

  // Returns once the entry is durable, the log has failed, or interrupt() was called for `who`.
  asio::awaitable<void> wait(std::uint64_t index, const void* who);
  // On this thread: whoever `who` stands for need not wait any longer.
  void interrupt(const void* who);
  // Any thread: durable() has risen, or the log has failed.
  void notify();

 private:
  struct Waiter {
    std::uint64_t index;
    const void* who;
    asio::steady_timer timer;  // never expires: cancelled to wake
  };
  void wake();

  asio::io_context& context_;
  const audit::Sink& sink_;
  std::list<Waiter> waiters_;
  std::atomic<bool> wake_posted_{false};
};

}  // namespace portcullis::net
