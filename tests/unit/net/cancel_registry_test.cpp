#include "net/cancel_registry.hpp"

#include <gtest/gtest.h>

namespace portcullis::net {
namespace {

TEST(CancelRegistry, LeadsAKeyOfAnyLengthToItsOwnSessionOnly) {
  CancelRegistry registry;
  for (const std::size_t size : {4u, 32u, 256u}) {
    const std::string key(size, 'k');
    const auto process = static_cast<std::uint32_t>(size);
    registry.add(process, key, {process, "server " + key});
    const auto found = registry.find({process, key});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->process_id, process);
    EXPECT_EQ(found->secret_key, "server " + key);
    EXPECT_FALSE(registry.find({process + 1, key}));
    EXPECT_FALSE(registry.find({process, "server " + key}));
    EXPECT_FALSE(registry.find({process, key.substr(1)}));
    EXPECT_FALSE(registry.find({process, key + "k"}));
    EXPECT_FALSE(registry.find({process, ""}));
    for (std::size_t at = 0; at < size; ++at) {
      std::string guess = key;
      guess[at] = 'x';
      EXPECT_FALSE(registry.find({process, guess})) << at;
    }
  }
}

TEST(CancelRegistry, TellsSessionsOfOneProcessIdApart) {
  CancelRegistry registry;
  registry.add(7, "left", {7, "of left"});
  registry.add(7, "right", {7, "of right"});
  registry.remove(7, "left");
  EXPECT_FALSE(registry.find({7, "left"}));
  EXPECT_EQ(registry.find({7, "right"})->secret_key, "of right");
  registry.remove(7, "left");
  registry.remove(8, "right");
  EXPECT_TRUE(registry.find({7, "right"}));
}

TEST(CancelRegistry, FollowsAClientToAnotherServerConnection) {
  CancelRegistry registry;
  registry.add(7, "key", {7, "of the first"});
  registry.add(7, "key", {9, "of the second"});
  EXPECT_EQ(registry.find({7, "key"})->process_id, 9u);
  EXPECT_EQ(registry.find({7, "key"})->secret_key, "of the second");
  registry.remove(7, "key");
  EXPECT_FALSE(registry.find({7, "key"}));
}

}  // namespace
}  // namespace portcullis::net
