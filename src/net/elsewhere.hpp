// Work that takes long, away from the thread that serves sessions.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "net/asio_prefix.hpp"

namespace portcullis::net {

// Runs `work` once on `there`, and resumes with what it gave on the caller's own context, be it an exception:
// `there` serves others. Where `there` ends before it, the caller is never resumed.
template <class Executor, class Value>
asio::awaitable<Value> run_elsewhere(Executor there, std::function<Value()> work) {
  const auto home = co_await asio::this_coro::executor;
  auto done = std::make_shared<asio::steady_timer>(home, asio::steady_timer::time_point::max());
  struct Outcome {
    std::optional<Value> value;
    std::exception_ptr failure;
  };
  auto outcome = std::make_shared<Outcome>();
  asio::post(there, [work = std::move(work), home, done, outcome]() mutable {
    try {
      outcome->value = work();
    } catch (...) {
      outcome->failure = std::current_exception();
    }
    // The timer belongs to the caller's thread: hand over there, and keep nothing of what is handed over.
    asio::post(home, [done = std::move(done), outcome = std::move(outcome)] { done->cancel(); });
  });
  const auto [cancelled] = co_await done->async_wait(no_throw);
  (void)cancelled;
  if (outcome->failure) std::rethrow_exception(outcome->failure);
  co_return std::move(*outcome->value);
}

}  // namespace portcullis::net
