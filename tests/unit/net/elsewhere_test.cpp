#include "net/elsewhere.hpp"

#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace portcullis::net {
namespace {

// What the caller got, be it an exception, and in which thread.
struct Got {
  std::string value, failure;
  std::thread::id thread;
};

asio::awaitable<void> run(asio::thread_pool& pool, std::function<std::string()> work, Got& got) {
  const auto there = pool.get_executor();
  try {
    const std::string value = co_await run_elsewhere(there, std::move(work));
    got.value = value;
  } catch (const std::exception& error) {
    got.failure = error.what();
  }
  got.thread = std::this_thread::get_id();
}

TEST(RunElsewhere, GivesToEachCallerWhatItsOwnWorkEndedWith) {
  asio::thread_pool pool(1);
  asio::io_context context;
  std::thread::id there;
  Got thrown, given;
  const std::function<std::string()> throws = []() -> std::string { throw std::runtime_error("no memory"); };
  const std::function<std::string()> gives = [&there] {
    there = std::this_thread::get_id();
    return std::string("a value");
  };
  asio::co_spawn(context, run(pool, throws, thrown), asio::detached);
  asio::co_spawn(context, run(pool, gives, given), asio::detached);
  context.run();
  EXPECT_EQ(thrown.failure, "no memory");
  EXPECT_EQ(thrown.thread, std::this_thread::get_id());
  EXPECT_EQ(given.value, "a value");
  EXPECT_EQ(given.failure, "");
  EXPECT_EQ(given.thread, std::this_thread::get_id());
  EXPECT_NE(there, std::this_thread::get_id());
}

}  // namespace
}  // namespace portcullis::net
