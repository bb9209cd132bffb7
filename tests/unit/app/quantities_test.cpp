#include "app/quantities.hpp"

#include <gtest/gtest.h>

namespace portcullis::app {
namespace {

using namespace std::chrono_literals;

TEST(Duration, KnowsItsUnits) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("5min"), 5min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST(Duration, TakesNothingElse) {
  for (const char* text :
       {"", "5", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1m", "1S", "1min1s", "0x1s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, RefusesWhatDoesNotFit) {
  EXPECT_EQ(parse_duration("9223372036854775807ms"), std::chrono::milliseconds::max());
  EXPECT_EQ(parse_duration("9223372036854775808ms"), std::nullopt);
  EXPECT_EQ(parse_duration("9223372036854775807s"), std::nullopt);
  EXPECT_EQ(parse_duration("99999999999999999999h"), std::nullopt);
}

TEST(Size, KnowsItsUnits) {
  EXPECT_EQ(parse_size("123"), 123u);
  EXPECT_EQ(parse_size("64KiB"), 65536u);
  EXPECT_EQ(parse_size("16MiB"), 16u << 20);
  EXPECT_EQ(parse_size("1GiB"), 1u << 30);
}

TEST(Size, TakesNothingElse) {
  for (const char* text : {"", "KiB", "-1", "1KB", "1kib", "1 MiB", "1.5MiB", "1MiB ", "1B"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Size, RefusesWhatDoesNotFit) {
  EXPECT_EQ(parse_size("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_size("18446744073709551616"), std::nullopt);
  EXPECT_EQ(parse_size("17179869184GiB"), std::nullopt);
}

}  // namespace
}  // namespace portcullis::app
