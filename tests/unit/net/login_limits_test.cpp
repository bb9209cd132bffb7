#include "net/login_limits.hpp"

#include <gtest/gtest.h>

namespace portcullis::net {
namespace {

using namespace std::chrono_literals;
using Time = LoginLimits::Time;

constexpr Time kStart{std::chrono::hours(1)};

std::string refused(LoginLimits& limits, const std::string& address) {
  const auto place = limits.enter(address);
  return place ? "" : std::string(place.error().code.view()) + ": " + place.error().message;
}

TEST(LoginLimits, GiveAnAddressNoMoreThanItsShare) {
  LoginLimits limits({.pending = 4, .pending_per_address = 2, .longest_delay = 4s});
  auto first = limits.enter("192.0.2.1");
  const auto second = limits.enter("192.0.2.1");
  EXPECT_NE(refused(limits, "192.0.2.1").find("53300: sorry, too many clients"), std::string::npos);
  EXPECT_NE(refused(limits, "192.0.2.1").find("limits.connections_per_address of the gate is 2"),
            std::string::npos);
  const auto other = limits.enter("192.0.2.2");
  EXPECT_TRUE(other);
  { const auto gone = std::move(*first); }
  EXPECT_EQ(refused(limits, "192.0.2.1"), "");
}

TEST(LoginLimits, GiveAllAddressesTogetherNoMoreThanThereIs) {
  LoginLimits limits({.pending = 3, .pending_per_address = 2, .longest_delay = 4s});
  std::vector<LoginLimits::Place> held;
  for (const char* address : {"a", "b", "c"}) held.push_back(std::move(*limits.enter(address)));
  EXPECT_NE(refused(limits, "d").find("limits.logins_pending of the gate is 3"), std::string::npos);
  held.pop_back();
  EXPECT_EQ(refused(limits, "d"), "");
  held.clear();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(refused(limits, std::to_string(i)), "");
}

TEST(LoginLimits, HoldAFailureBackTwiceAsLongAsTheOneBefore) {
  LoginLimits limits({});
  for (const auto expected : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 4000ms}) {
    EXPECT_EQ(limits.failed("192.0.2.1", "robot", kStart), expected);
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limits.failed("192.0.2.1", "robot", kStart), 4s);
}

TEST(LoginLimits, CountAnAddressWhateverLoginItTriesAndALoginWhereverItIsTriedFrom) {
  LoginLimits limits({});
  EXPECT_EQ(limits.failed("192.0.2.1", "a", kStart), 250ms);
  EXPECT_EQ(limits.failed("192.0.2.1", "b", kStart), 500ms);
  EXPECT_EQ(limits.failed("192.0.2.2", "c", kStart), 250ms);
  EXPECT_EQ(limits.failed("192.0.2.3", "c", kStart), 500ms);
  EXPECT_EQ(limits.failed("192.0.2.4", "d", kStart), 250ms);
}

TEST(LoginLimits, ForgetAfterAWhile) {
  LoginLimits limits({});
  (void)limits.failed("a", "x", kStart);
  EXPECT_EQ(limits.failed("a", "x", kStart + LoginLimits::kMemory), 500ms);
  EXPECT_EQ(limits.failed("a", "x", kStart + 2 * LoginLimits::kMemory + 1ms), 250ms);
}

TEST(LoginLimits, RememberABoundedNumberAndOfThoseTheLatest) {
  LoginLimits limits({});
  (void)limits.failed("old", "old", kStart);
  Time now = kStart + 1s;
  (void)limits.failed("guesser", "0", now);
  for (std::size_t i = 1; i <= LoginLimits::kMostRemembered; ++i) {
    now += 1us;
    (void)limits.failed("guesser", std::to_string(i), now);
  }
  EXPECT_EQ(limits.failed("another", "old", now), 250ms);    // forgotten for the others' sake
  EXPECT_EQ(limits.failed("guesser", "one more", now), 4s);  // not the one that fills the memory
  EXPECT_EQ(limits.failed("b", std::string(5'000, 'x'), now), 250ms);
}

TEST(LoginLimits, CanBeToldNotToDelay) {
  LoginLimits limits({.pending = 1, .pending_per_address = 1, .longest_delay = 0ms});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limits.failed("a", "x", kStart), 0ms);
}

TEST(AddressKey, IsAnAddressOrItsNetwork) {
  EXPECT_EQ(address_key("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address_key("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address_key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_key("2001:db8:1:2::7"), address_key("2001:db8:1:2:ffff::"));
  EXPECT_NE(address_key("2001:db8:1:2::7"), address_key("2001:db8:1:3::7"));
}

}  // namespace
}  // namespace portcullis::net
