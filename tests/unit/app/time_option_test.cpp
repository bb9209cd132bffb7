#include "app/time_option.hpp"

#include <gtest/gtest.h>

namespace portcullis::app {
namespace {

TEST(TimeOption, Times) {
  EXPECT_EQ(read_time("1970-01-01"), 0);
  EXPECT_EQ(read_time("1970-01-02T00:00"), 86'400'000'000);
  EXPECT_EQ(read_time("2026-11-22T10:30:05Z"), 1'795'343'405'000'000);
  EXPECT_EQ(read_time("2026-11-22 10:30:05.25Z"), 1'795'343'405'250'000);
  EXPECT_EQ(read_time("2024-02-29"), 1'709'164'800'000'000);
}

TEST(TimeOption, WhatIsNone) {
  for (const char* text : {"", "2026", "2026-13-01", "2026-02-30", "2026-11-22T25:00", "2026-11-22T10",
                           "yesterday", "2026-11-22T10:30:05+01", "2026-11-22T10:30:05.",
                           "2026-11-22T10:30:05.1234567", "26-11-22", "2026-11-22Z", " 2026-11-22"}) {
    EXPECT_EQ(read_time(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace portcullis::app
