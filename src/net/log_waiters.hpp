// Coroutines of one thread that wait for entries of the audit log to be durable: most statements do.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "net/asio_prefix.hpp"

namespace portcullis::net {

class LogWaiters {
 public:
  // The first entry that must still be waited for: all before it are durable. The greatest number there is
  // where the log has failed, so that nobody waits any more.
  using Due = std::function<std::uint64_t()>;

  explicit LogWaiters(asio::io_context& context) : context_(context) {}

  // Once, before the first wait().
  void ask(Due due) { due_before_ = std::move(due); }
  // On this thread. Returns once the entry is due and notify() was called behind that, or interrupt() for
  // `who`; at once when it is due already.
  asio::awaitable<void> wait(const void* who, std::uint64_t index);
  // On this thread: whoever `who` stands for need not wait any longer.
  void interrupt(const void* who);
  // Any thread, behind every change of what is due. Wakes the thread only where somebody waits, and once for
  // several in a row: that costs more than the rest of the hand-over.
  void notify();

 private:
  // A suspended coroutine; destroyed with this one where it was not gone on with.
  struct Suspended {
    virtual ~Suspended() = default;
    virtual void go_on() = 0;  // once
  };
  template <class Handler>
  struct SuspendedBy;
  struct Waiter {
    const void* who;
    std::uint64_t index;
    std::unique_ptr<Suspended> coroutine;
  };
  struct Enlist;
  void wake();

  asio::io_context& context_;
  Due due_before_;
  std::vector<Waiter> waiters_, due_;
  std::atomic<std::size_t> count_{0};  // of those that wait, or are about to
  std::atomic<bool> wake_posted_{false};
};

}  // namespace portcullis::net
