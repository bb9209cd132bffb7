#include "net/password_salting.hpp"

#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace portcullis::net {
namespace {

constexpr std::uint32_t kIterations = 64;

asio::awaitable<void> compute(PasswordSalting& salting, const auth::Salting& what, std::string& into,
                              std::thread::id& resumed) {
  const base::Secret salted = co_await salting.compute(what);
  into = salted.reveal();
  resumed = std::this_thread::get_id();
}

TEST(PasswordSalting, GivesToEachWhatItAskedForInItsOwnThread) {
  PasswordSalting salting;
  const std::vector<auth::Salting> asked = {{base::Secret("pencil"), "salt", kIterations},
                                            {base::Secret("pencil"), "salt", kIterations},
                                            {base::Secret("pencil"), "other", kIterations},
                                            {base::Secret("Pencil"), "salt", kIterations},
                                            {base::Secret("pencil"), "salt", kIterations + 1}};
  std::vector<std::string> given(asked.size());
  std::vector<std::thread::id> threads(asked.size());
  asio::io_context context;
  for (std::size_t i = 0; i < asked.size(); ++i)
    asio::co_spawn(context, compute(salting, asked[i], given[i], threads[i]), asio::detached);
  context.run();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(given[i], auth::salted_password(asked[i]).reveal()) << i;
    EXPECT_EQ(threads[i], std::this_thread::get_id()) << i;
  }
  EXPECT_EQ(given[0], given[1]);
  for (const std::size_t i : {2u, 3u, 4u}) EXPECT_NE(given[0], given[i]) << i;
}

// The thread of sessions goes on while it computes.
TEST(PasswordSalting, HoldsNobodyUp) {
  PasswordSalting salting;
  const auth::Salting longest{base::Secret("pencil"), "salt", auth::kMaxIterations};
  std::string given;
  std::thread::id resumed;
  asio::io_context context;
  asio::co_spawn(context, compute(salting, longest, given, resumed), asio::detached);
  bool went_on = false;
  asio::post(context, [&] { went_on = given.empty(); });
  context.run();
  EXPECT_TRUE(went_on);
  EXPECT_FALSE(given.empty());
}

TEST(PasswordSalting, EndsWithWorkLeft) {
  asio::io_context context;
  std::string given;
  std::thread::id resumed;
  const auth::Salting longest{base::Secret("pencil"), "salt", auth::kMaxIterations};
  {
    PasswordSalting salting;
    for (int i = 0; i < 50; ++i)
      asio::co_spawn(context, compute(salting, longest, given, resumed), asio::detached);
    context.poll();
  }
  EXPECT_TRUE(given.empty());
}

}  // namespace
}  // namespace portcullis::net
