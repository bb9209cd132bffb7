#include "net/change_waiters.hpp"

namespace portcullis::net {

asio::awaitable<void> ChangeWaiters::wait(std::chrono::milliseconds longest, const void* who) {
  const auto at = waiters_.insert(waiters_.end(), Waiter{who, asio::steady_timer(context_, longest)});
  const auto [cancelled] = co_await at->timer.async_wait(no_throw);
  (void)cancelled;
  waiters_.erase(at);
}

void ChangeWaiters::interrupt(const void* who) {
  for (auto& waiter : waiters_) {
    if (waiter.who == who) waiter.timer.cancel();
  }
}

void ChangeWaiters::notify() {
  asio::post(context_, [this] {
    for (auto& waiter : waiters_) waiter.timer.cancel();
  });
}

}  // namespace portcullis::net
