// The limit of open files, shared out between the gate and its clients.
#include "app/descriptor_limit.hpp"

#include <gmock/gmock.h>

namespace portcullis::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Config with(std::size_t connections, std::size_t logins_pending) {
  Config config;
  config.limits.connections = connections;
  config.limits.logins_pending = logins_pending;
  config.threads = 2;
  config.shadow.mode = "off";
  return config;
}

TEST(DescriptorLimit, OfASessionCountsItsConnectionToTheDatabase) {
  EXPECT_EQ(descriptor_needs(with(200, 400)).clients, 800u);
}

TEST(DescriptorLimit, KeepsMoreForWhatTheConfigurationAsksFor) {
  auto config = with(200, 400);
  const auto plain = descriptor_needs(config).own;
  config.threads = 16;
  const auto threads = descriptor_needs(config).own;
  EXPECT_GE(threads, plain + 14 * 3);
  config.audit.anchors.resize(3);
  const auto anchors = descriptor_needs(config).own;
  EXPECT_GE(anchors, threads + 3 * 3);
  config.shadow.mode = "sidecar";
  EXPECT_GE(descriptor_needs(config).own, anchors + 10);
}

TEST(DescriptorLimit, ThatSufficesChangesNothing) {
  const auto config = with(200, 400);
  const auto needs = descriptor_needs(config);
  const auto share = share_descriptors(config, needs.own + needs.clients);
  ASSERT_TRUE(share);
  EXPECT_THAT(share->warning, IsEmpty());
  EXPECT_EQ(share->clients, 800u);
  EXPECT_EQ(share->logins_pending, 400u);
}

TEST(DescriptorLimit, ThatIsShortIsWarnedOfAndLeavesMostToWhoHasLoggedIn) {
  const auto config = with(200, 400);
  const auto needs = descriptor_needs(config);
  const auto share = share_descriptors(config, needs.own + 120);
  ASSERT_TRUE(share);
  EXPECT_EQ(share->clients, 120u);
  EXPECT_EQ(share->logins_pending, 40u);
  EXPECT_THAT(share->warning, AllOf(HasSubstr("limit of open files is " + std::to_string(needs.own + 120)),
                                    HasSubstr("may need " + std::to_string(needs.own + 800)),
                                    HasSubstr("about 60 clients"), HasSubstr("LimitNOFILE="),
                                    HasSubstr("ulimit -n"), HasSubstr("lower limits.connections")));
}

TEST(DescriptorLimit, ThatLeavesNextToNothingIsRefused) {
  const auto config = with(200, 400);
  const auto needs = descriptor_needs(config);
  EXPECT_TRUE(share_descriptors(config, needs.own + 12));
  const auto share = share_descriptors(config, needs.own + 11);
  ASSERT_FALSE(share);
  EXPECT_EQ(share.error().code, base::sqlstate::config_file_error);
  EXPECT_THAT(share.error().message, AllOf(HasSubstr("LimitNOFILE="), HasSubstr("ulimit -n")));
}

TEST(DescriptorLimit, OfAVerySmallGateMayBeVeryLow) {
  const auto config = with(1, 2);
  const auto share = share_descriptors(config, descriptor_needs(config).own + 4);
  ASSERT_TRUE(share);
  EXPECT_THAT(share->warning, IsEmpty());
}

TEST(DescriptorLimit, ThatIsUnlimitedSuffices) {
  const auto share = share_descriptors(with(100'000, 200'000), UINT64_MAX);
  ASSERT_TRUE(share);
  EXPECT_THAT(share->warning, IsEmpty());
}

}  // namespace
}  // namespace portcullis::app
