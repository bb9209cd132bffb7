// Work that takes long, away from the thread that serves sessions.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "net/asio_prefix.hpp"

namespace portcullis::net {

// Runs `work` once on `there`, and resumes with what it gave on the caller's own context. Where `there` ends
// before it, the caller is never resumed.
template <class Executor, class Value>
asio::awaitable<Value> run_elsewhere(Executor there, std::function<Value()> work) {
  const auto home = co_await asio::this_coro::executor;
  auto done = std::make_shared<asio::steady_timer>(home, asio::steady_timer::time_point::max());
  auto result = std::make_shared<std::optional<Value>>();
  asio::post(there, [work = std::move(work), home, done, result] {
    auto value = std::make_shared<Value>(work());
    // The timer belongs to the caller's thread: hand over there.
    asio::post(home, [done, result, value] {
      *result = std::move(*value);
      done->cancel();
    });
  });
  const auto [cancelled] = co_await done->async_wait(no_throw);
  (void)cancelled;
  co_return std::move(**result);
}

}  // namespace portcullis::net
