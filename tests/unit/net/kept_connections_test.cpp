#include "net/kept_connections.hpp"

#include <gtest/gtest.h>

namespace portcullis::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class KeptConnectionsTest : public testing::Test {
 protected:
  KeptConnectionsTest() { kept.use({2, 60s, 10min}, count); }
  // An open socket stands for a connection; `id` for the server's process.
  KeptConnection connection(std::uint32_t id, const std::string& agent = "bot",
                            const session::Settings& settings = {}) {
    Stream::Socket socket(context, asio::generic::stream_protocol(AF_INET, 0));
    return {agent, settings, {}, {id, ""}, Clock::now(), std::make_unique<Stream>(std::move(socket))};
  }
  std::uint32_t taken(const std::string& agent = "bot", const session::Settings& settings = {}) {
    const auto found = kept.take(agent, settings);
    return found ? found->cancel.process_id : 0;
  }

  asio::io_context context{1};
  KeptCount count;
  KeptConnections kept{context};
};

TEST_F(KeptConnectionsTest, GivesTheNewestOnce) {
  kept.put(connection(1));
  kept.put(connection(2));
  EXPECT_EQ(taken(), 2u);
  EXPECT_EQ(taken(), 1u);
  EXPECT_EQ(taken(), 0u);
}

TEST_F(KeptConnectionsTest, GivesItToItsAgentWithItsSettingsAlone) {
  kept.put(connection(1, "bot", {{"application_name", "a"}}));
  EXPECT_EQ(taken(), 0u);
  EXPECT_EQ(taken("bot", {{"application_name", "b"}}), 0u);
  EXPECT_EQ(taken("other", {{"application_name", "a"}}), 0u);
  EXPECT_EQ(taken("bot", {{"application_name", "a"}}), 1u);
}

TEST_F(KeptConnectionsTest, TheOldestGoesWhereThereAreTooMany) {
  for (std::uint32_t id = 1; id <= 3; ++id) kept.put(connection(id));
  kept.put(connection(9, "other"));
  EXPECT_EQ(taken(), 3u);
  EXPECT_EQ(taken(), 2u);
  EXPECT_EQ(taken(), 0u);
  EXPECT_EQ(taken("other"), 9u);
}

TEST_F(KeptConnectionsTest, AllThreadsTogetherKeepNoMore) {
  KeptConnections others{context};
  others.use({2, 60s, 10min}, count);
  others.put(connection(1));
  others.put(connection(2));
  kept.put(connection(3));
  EXPECT_EQ(taken(), 0u);
  others.close_all();
  kept.put(connection(4));
  EXPECT_EQ(taken(), 4u);
}

TEST_F(KeptConnectionsTest, IsClosedWhenItsTimeIsOver) {
  kept.use({2, 5ms, 10min}, count);
  kept.put(connection(1));
  context.run();  // ends once the timer has rung for the last one
  EXPECT_EQ(taken(), 0u);
  kept.put(connection(2));
  EXPECT_EQ(taken(), 2u);
}

TEST_F(KeptConnectionsTest, DoesNotOutliveItsAge) {
  KeptConnection old = connection(1);
  old.logged_in -= 10min;
  EXPECT_FALSE(kept.wants(old.logged_in));
  kept.put(std::move(old));
  EXPECT_EQ(taken(), 0u);
}

TEST_F(KeptConnectionsTest, TakesNoneAnyMoreAtTheEnd) {
  kept.put(connection(1));
  kept.shut_down();
  kept.put(connection(2));
  EXPECT_FALSE(kept.wants(Clock::now()));
  EXPECT_EQ(taken(), 0u);
  EXPECT_TRUE(count.add("bot", 1));  // neither is counted
}

TEST_F(KeptConnectionsTest, KeepsNothingWhereNothingIsToBeKept) {
  kept.use({0, 60s, 10min}, count);
  kept.put(connection(1));
  EXPECT_EQ(taken(), 0u);
}

}  // namespace
}  // namespace portcullis::net
