#include "net/log_waiters.hpp"

namespace portcullis::net {

asio::awaitable<void> LogWaiters::wait(std::uint64_t index, const void* who) {
  // The writer publishes durable() before it notifies, and wake() runs on this thread: no wake-up is lost.
  if (index < sink_.durable() || sink_.failure()) co_return;
  const auto at = waiters_.insert(
      waiters_.end(),
      Waiter{index, who, asio::steady_timer(context_, asio::steady_timer::time_point::max())});
  const auto [cancelled] = co_await at->timer.async_wait(no_throw);
  (void)cancelled;
  waiters_.erase(at);
}

void LogWaiters::interrupt(const void* who) {
  for (auto& waiter : waiters_) {
    if (waiter.who == who) waiter.timer.cancel();
  }
}

void LogWaiters::notify() {
  if (wake_posted_.exchange(true)) return;
  asio::post(context_, [this] { wake(); });
}

void LogWaiters::wake() {
  wake_posted_.store(false);
  const std::uint64_t durable = sink_.durable();
  const bool failed = sink_.failure().has_value();
  for (auto& waiter : waiters_) {
    if (failed || waiter.index < durable) waiter.timer.cancel();
  }
}

}  // namespace portcullis::net
