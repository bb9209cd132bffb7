#include "session/flood_count.hpp"

#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

class FloodCountTest : public ::testing::Test {
 protected:
  // "alone", or when it will be told.
  std::string refuse(const std::string& rule, FloodCount::Time now) {
    const auto tally = floods.count(rule, "53400", now);
    if (!tally) floods.recorded(rule, "53400", now);
    return tally ? std::to_string((tally->due - kStart) / 1ms) : "alone";
  }

  static constexpr FloodCount::Time kStart{1h};
  FakeSink sink;
  Identity identity;
  Dependencies needs{nullptr, nullptr, &sink};
  Recorder recorder{identity, needs};
  FloodCount floods;
};

TEST_F(FloodCountTest, WritesOneEntryASecondWhileTheyGoOn) {
  EXPECT_EQ(refuse("read", kStart), "alone");
  EXPECT_EQ(floods.due(), std::nullopt);
  EXPECT_EQ(refuse("read", kStart + 1ms), "1000");
  EXPECT_EQ(refuse("read", kStart + 999ms), "1000");
  floods.write(recorder, kStart + 999ms);
  EXPECT_EQ(sink.told(), Lines{});
  EXPECT_EQ(floods.due(), kStart + 1s);
  floods.write(recorder, kStart + 1100ms);
  EXPECT_EQ(sink.told(), Lines{"2 more read 53400"});
  EXPECT_EQ(floods.due(), std::nullopt);
  EXPECT_EQ(refuse("read", kStart + 2000ms), "2100");
  floods.write(recorder, kStart + 2100ms);
  EXPECT_EQ(sink.told(), (Lines{"2 more read 53400", "1 more read 53400"}));
  EXPECT_EQ(refuse("read", kStart + 3100ms), "alone");
}

TEST_F(FloodCountTest, EachRuleHasItsOwn) {
  EXPECT_EQ(refuse("read", kStart), "alone");
  EXPECT_EQ(refuse("write", kStart + 400ms), "alone");
  EXPECT_EQ(refuse("write", kStart + 500ms), "1400");
  EXPECT_EQ(refuse("read", kStart + 600ms), "1000");
  EXPECT_EQ(floods.due(), kStart + 1s);
  floods.write(recorder, kStart + 1s);
  EXPECT_EQ(sink.told(), Lines{"1 more read 53400"});
  EXPECT_EQ(floods.due(), kStart + 1400ms);
  floods.write_all(recorder);
  EXPECT_EQ(sink.told(), (Lines{"1 more read 53400", "1 more write 53400"}));
  EXPECT_EQ(floods.due(), std::nullopt);
}

TEST_F(FloodCountTest, WhatTheLogDoesNotTakeSaysSo) {
  EXPECT_EQ(refuse("read", kStart), "alone");
  const auto tally = floods.count("read", "53400", kStart);
  ASSERT_TRUE(tally);
  EXPECT_FALSE(tally->entry);
  sink.failed = base::Error{base::sqlstate::disk_full, "no room"};
  floods.write(recorder, kStart + 1s);
  ASSERT_TRUE(tally->entry);
  EXPECT_EQ(tally->entry->error().message, "no room");
  // The next one asks the log itself.
  EXPECT_EQ(refuse("read", kStart + 1001ms), "alone");
}

}  // namespace
}  // namespace portcullis::session
