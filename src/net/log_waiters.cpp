#include "net/log_waiters.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace portcullis::net {

// Boost 1.81's own any_completion_handler cannot be moved: it wraps itself without end.
template <class Handler>
struct LogWaiters::SuspendedBy final : Suspended {
  explicit SuspendedBy(Handler&& given) : handler(std::move(given)) {}
  void go_on() override { std::move(handler)(); }
  Handler handler;
};

// No lambda: GCC 12 may destroy what one has captured twice when it is handed to a coroutine.
struct LogWaiters::Enlist {
  LogWaiters* waiters;
  const void* who;
  std::uint64_t index;

  template <class Handler>
  void operator()(Handler handler) const {
    waiters->waiters_.push_back({who, index, std::make_unique<SuspendedBy<Handler>>(std::move(handler))});
  }
};

// Counted before it looks: either notify() sees the count, or this sees what notify() was called for.
asio::awaitable<void> LogWaiters::wait(const void* who, std::uint64_t index) {
  count_.fetch_add(1);
  const bool is_due = index < due_before_();
  Enlist enlist{this, who, index};
  if (!is_due)
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(enlist, asio::use_awaitable);
  count_.fetch_sub(1);
}

// Not from within: who interrupts may be in the middle of something.
void LogWaiters::interrupt(const void* who) {
  const auto rest = std::stable_partition(waiters_.begin(), waiters_.end(),
                                          [who](const auto& one) { return one.who != who; });
  for (auto one = rest; one != waiters_.end(); ++one)
    asio::post(context_, [coroutine = std::move(one->coroutine)] { coroutine->go_on(); });
  waiters_.erase(rest, waiters_.end());
}

void LogWaiters::notify() {
  const bool somebody_waits = count_.fetch_add(0) > 0;  // not load(): see wait()
  if (!somebody_waits || wake_posted_.exchange(true)) return;
  asio::post(context_, [this] { wake(); });
}

// Takes the mark down before it looks: what is notified of from then on posts again. Whoever goes on may wait
// anew.
void LogWaiters::wake() {
  wake_posted_.exchange(false);  // not store(): it must see what was there before the latest notify()
  const auto rest = std::stable_partition(
      waiters_.begin(), waiters_.end(), [due = due_before_()](const auto& one) { return one.index >= due; });
  due_.assign(std::make_move_iterator(rest), std::make_move_iterator(waiters_.end()));
  waiters_.erase(rest, waiters_.end());
  for (auto& one : due_) one.coroutine->go_on();
  due_.clear();
}

}  // namespace portcullis::net
