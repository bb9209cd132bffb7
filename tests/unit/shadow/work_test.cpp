// How long work takes: rather too long than too short.
#include "shadow/work.hpp"

#include <gtest/gtest.h>

#include "portcullis/base/duration_class.hpp"

namespace portcullis::shadow {
namespace {

constexpr std::uint64_t kMib = 1'048'576;

// Measured: 0.4 s, 4.1 s with three indexes of 64 MiB, 3.3 s.
TEST(Work, IsNoShorterThanWhatWasMeasured) {
  Work read, written, indexed;
  read.read = indexed.indexed = written.written = 149 * kMib;
  written.reindexed = 64 * kMib;
  EXPECT_GT(seconds_of(read), 0.4);
  EXPECT_EQ(base::duration_class_of(seconds_of(read)), base::DurationClass::under_1s);
  EXPECT_GT(seconds_of(written), 4.1);
  EXPECT_EQ(base::duration_class_of(seconds_of(written)), base::DurationClass::up_to_10s);
  EXPECT_GT(seconds_of(indexed), 3.3);
  EXPECT_EQ(base::duration_class_of(seconds_of(indexed)), base::DurationClass::up_to_10s);
  EXPECT_EQ(base::duration_class_of(seconds_of(Work{})), base::DurationClass::under_1s);
}

TEST(Work, WorkIsToldInWords) {
  EXPECT_EQ(in_words(Work{}), "changes the catalog only");
  Work work;
  work.read = 149 * kMib + 5;
  EXPECT_EQ(in_words(work), "reads 149 MiB");
  work.written = 3 * 1'024 * kMib;
  EXPECT_EQ(in_words(work), "reads 149 MiB and writes 3 GiB anew");
  work.reindexed = 16'384;
  work.indexed = 1'023;
  EXPECT_EQ(
      in_words(work),
      "reads 149 MiB, writes 3 GiB anew, builds 16 KiB of indexes again and builds an index over 1023 bytes");
}

TEST(Work, TheLargestUnitIsTheLast) {
  EXPECT_EQ(bytes_in_words(0), "0 bytes");
  EXPECT_EQ(bytes_in_words(1'024), "1 KiB");
  EXPECT_EQ(bytes_in_words(std::uint64_t{1} << 60), "1048576 TiB");
}

}  // namespace
}  // namespace portcullis::shadow
