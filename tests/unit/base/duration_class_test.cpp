// Decades of time: the longer one on their borders and where nothing is certain.
#include "portcullis/base/duration_class.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace portcullis::base {
namespace {

TEST(DurationClass, OnABorderItIsTheLonger) {
  EXPECT_EQ(duration_class_of(0), DurationClass::under_1s);
  EXPECT_EQ(duration_class_of(0.999), DurationClass::under_1s);
  EXPECT_EQ(duration_class_of(1), DurationClass::up_to_10s);
  EXPECT_EQ(duration_class_of(9.99), DurationClass::up_to_10s);
  EXPECT_EQ(duration_class_of(10), DurationClass::up_to_100s);
  EXPECT_EQ(duration_class_of(99.9), DurationClass::up_to_100s);
  EXPECT_EQ(duration_class_of(100), DurationClass::minutes);
  EXPECT_EQ(duration_class_of(3'599), DurationClass::minutes);
  EXPECT_EQ(duration_class_of(3'600), DurationClass::hours);
  EXPECT_EQ(duration_class_of(std::numeric_limits<double>::infinity()), DurationClass::hours);
  EXPECT_EQ(duration_class_of(std::numeric_limits<double>::quiet_NaN()), DurationClass::hours);
}

TEST(DurationClass, IsFoundByItsNameAndNoOther) {
  for (const auto one : {DurationClass::under_1s, DurationClass::up_to_10s, DurationClass::up_to_100s,
                         DurationClass::minutes, DurationClass::hours})
    EXPECT_EQ(duration_class_named(name(one)), one);
  EXPECT_EQ(name(DurationClass::up_to_10s), "1-10 s");
  EXPECT_FALSE(duration_class_named("1-10s"));
  EXPECT_FALSE(duration_class_named(""));
}

}  // namespace
}  // namespace portcullis::base
