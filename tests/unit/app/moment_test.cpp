// Points in time on the command line.
#include "app/moment.hpp"

#include <gmock/gmock.h>

#include "audit/read.hpp"

namespace portcullis::app {
namespace {

constexpr std::int64_t kNow = 1'790'000'000'000'000, kSecond = 1'000'000, kDay = 86'400 * kSecond;

TEST(Moment, IsATimeOfRfc3339) {
  EXPECT_EQ(parse_moment("2026-09-21T14:13:20Z", 0), kNow);
  EXPECT_EQ(parse_moment("2026-09-21T16:13:20+02:00", 0), kNow);
  EXPECT_EQ(parse_moment("2026-09-21t08:43:20.25-05:30", 0), kNow + kSecond / 4);
  EXPECT_EQ(parse_moment(audit::time_text(kNow + 17), 0), kNow + 17);
}

TEST(Moment, IsInUtcWhereNoZoneStands) {
  EXPECT_EQ(parse_moment("1970-01-01", kNow), 0);
  EXPECT_EQ(parse_moment("1970-01-02", kNow), kDay);
  EXPECT_EQ(parse_moment("1970-01-02T00:00", kNow), kDay);
  EXPECT_EQ(parse_moment("1970-01-01T00:01Z", kNow), 60 * kSecond);
  EXPECT_EQ(parse_moment("1970-01-01T01:00+01:00", kNow), 0);
  EXPECT_EQ(parse_moment("2026-09-21T14:13:20", 0), kNow);
  EXPECT_EQ(parse_moment("2026-11-22 10:30:05.25", 0), 1'795'343'405'250'000);
  EXPECT_EQ(parse_moment("2024-02-29", 0), 1'709'164'800'000'000);
}

TEST(Moment, IsSoLongAgo) {
  EXPECT_EQ(parse_moment("90s", kNow), kNow - 90 * kSecond);
  EXPECT_EQ(parse_moment("24h", kNow), kNow - kDay);
  EXPECT_EQ(parse_moment("7d", kNow), kNow - 7 * kDay);
  EXPECT_EQ(parse_moment("100000d", kNow), kNow - 100'000 * kDay);
  for (const char* far : {"100001d", "9223372036854775807ms", "99999999999999999999d"})
    EXPECT_FALSE(parse_moment(far, kNow)) << far;
}

TEST(Moment, IsNothingElse) {
  for (const char* wrong : {"",
                            "d",
                            "-1d",
                            "yesterday",
                            "now",
                            "1970",
                            "2026",
                            "26-11-22",
                            "2026-9-21",
                            "2026-02-30",
                            "2026-13-01",
                            "1970-01-01 ",
                            " 2026-11-22",
                            "2026-11-22Z",
                            "2026-11-22T10",
                            "2026-11-22T25:00",
                            "2026-09-21T24:00:00Z",
                            "2026-09-21T14:60Z",
                            "2026-11-22T10:30:05.",
                            "2026-09-21T14:13:20.Z",
                            "2026-09-21T14:13:20.1234567Z",
                            "2026-09-21T14:13:20Zx",
                            "2026-11-22T10:30:05+01"}) {
    EXPECT_FALSE(parse_moment(wrong, kNow)) << wrong;
    const auto read = read_moment(wrong, kNow);
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, ::testing::HasSubstr("2026-11-22T16:20:00Z"));
  }
}

}  // namespace
}  // namespace portcullis::app
