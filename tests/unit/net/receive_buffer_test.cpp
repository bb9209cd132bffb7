#include "net/receive_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace portcullis::net {
namespace {

TEST(ReceiveBuffer, GivesWhatCameInItsOrder) {
  std::mt19937 random(3);  // NOLINT: the same in each run
  ReceiveBuffer buffer("first");
  std::string expected = "first", seen;
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes(random() % 300, static_cast<char>('a' + i % 26));
    expected += bytes;
    if (i % 3 == 0) {
      std::copy(bytes.begin(), bytes.end(), buffer.extend(512));
      buffer.keep(bytes.size(), 512);
    } else {
      buffer.append(bytes);
    }
    const auto part = buffer.view().substr(0, random() % 400);
    seen += part;
    buffer.consume(part.size());
    if (i % 7 == 0) buffer.trim();
  }
  seen += buffer.view();
  EXPECT_EQ(seen, expected);
}

TEST(ReceiveBuffer, IsEmptyWhereNothingCame) {
  ReceiveBuffer buffer("rest");
  (void)buffer.extend(16'384);
  buffer.keep(0, 16'384);
  EXPECT_EQ(buffer.view(), "rest");
  buffer.consume(4);
  EXPECT_TRUE(buffer.view().empty());
}

}  // namespace
}  // namespace portcullis::net
