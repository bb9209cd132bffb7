#include "net/waiters.hpp"

#include <utility>

namespace portcullis::net {

asio::awaitable<void> Waiters::wait(const void* who, std::chrono::milliseconds longest) {
  asio::steady_timer timer(context_, longest);
  const auto at = waiters_.insert(waiters_.end(), Waiter{who, std::move(timer)});
  const auto [cancelled] = co_await at->timer.async_wait(no_throw);
  (void)cancelled;
  waiters_.erase(at);
}

void Waiters::interrupt(const void* who) {
  for (auto& waiter : waiters_) {
    if (waiter.who == who) waiter.timer.cancel();
  }
}

void Waiters::notify() {
  if (wake_posted_.exchange(true)) return;
  asio::post(context_, [this] { wake(); });
}

// Takes the mark down before it looks: what is notified of from then on posts again.
void Waiters::wake() {
  wake_posted_.exchange(false);  // not store(): it must see what was there before the latest notify()
  for (auto& waiter : waiters_) waiter.timer.cancel();
}

}  // namespace portcullis::net
