// What holds for every message alike: round trips, truncations, bytes too many, mutations.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>

#include "tests/unit/wire/message_samples.hpp"
#include "wire/framing.hpp"

namespace portcullis::wire {
namespace {

using testing::Sample;
using testing::samples;

base::Result<std::optional<FrameHeader>> peek(const Sample& sample, std::string_view bytes) {
  return sample.from_client ? peek_frontend(bytes) : peek_backend(bytes);
}

TEST(EveryMessage, ComesBackAsItWas) {
  for (const Sample& sample : samples()) {
    const auto again = sample.reencode(sample.body());
    ASSERT_TRUE(again.has_value()) << sample.name << ": " << again.error().message;
    EXPECT_EQ(*again, sample.frame) << sample.name;
  }
}

TEST(EveryMessage, HasAHeaderThatCountsItsBytes) {
  for (const Sample& sample : samples()) {
    const auto header = peek(sample, sample.frame);
    ASSERT_TRUE(header.has_value() && header->has_value()) << sample.name;
    EXPECT_EQ((*header)->type, sample.frame.front()) << sample.name;
    EXPECT_EQ((*header)->frame_size(), sample.frame.size()) << sample.name;
  }
}

TEST(EveryMessage, IsRefusedWhenCutShortAnywhere) {
  for (const Sample& sample : samples()) {
    if (sample.open_ended) continue;
    for (std::size_t size = 0; size < sample.body().size(); ++size) {
      const auto cut = sample.reencode(sample.body().substr(0, size));
      ASSERT_FALSE(cut.has_value()) << sample.name << " cut to " << size;
      EXPECT_EQ(cut.error().code, base::sqlstate::protocol_violation) << sample.name;
      EXPECT_NE(cut.error().message.find("malformed"), std::string::npos) << cut.error().message;
    }
  }
}

TEST(EveryMessage, IsRefusedWithAByteTooMany) {
  for (const Sample& sample : samples()) {
    if (sample.open_ended || sample.name == "BackendKeyData") continue;  // whose key may be longer
    for (const char extra : {'\0', 'x'}) {
      const auto longer = sample.reencode(std::string(sample.body()) + extra);
      ASSERT_FALSE(longer.has_value()) << sample.name;
      EXPECT_EQ(longer.error().code, base::sqlstate::protocol_violation) << sample.name;
    }
  }
}

// There is one way only to write a message: whatever is accepted is what would be written.
void expect_refused_or_the_same(const Sample& sample, const std::string& body) {
  const auto again = sample.reencode(body);
  if (!again) return;
  EXPECT_EQ(std::string_view(*again).substr(5), body) << sample.name;
}

TEST(EveryMessage, WithOneByteChangedIsRefusedOrReadFaithfully) {
  for (const Sample& sample : samples()) {
    for (std::size_t at = 0; at < sample.body().size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        std::string body{sample.body()};
        body[at] = static_cast<char>(value);
        expect_refused_or_the_same(sample, body);
      }
    }
  }
}

TEST(EveryMessage, MutatedAtRandomIsRefusedOrReadFaithfully) {
  std::mt19937 random{20240501};
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random()) % bound; };
  for (const Sample& sample : samples()) {
    for (int round = 0; round < 2000; ++round) {
      std::string body{sample.body()};
      for (std::size_t change = 1 + below(4); change > 0; --change) {
        const std::size_t at = below(body.size() + 1);
        if (below(3) == 0) {
          body.insert(at, 1, static_cast<char>(below(256)));
        } else if (at < body.size() && below(2) == 0) {
          body.erase(at, 1);
        } else if (at < body.size()) {
          body[at] = static_cast<char>(below(256));
        }
      }
      expect_refused_or_the_same(sample, body);
    }
  }
}

TEST(EveryMessage, IsCutFromAStreamThatArrivesByteByByte) {
  for (const bool from_client : {true, false}) {
    std::string stream;
    std::size_t expected = 0;
    for (const Sample& sample : samples()) {
      if (sample.from_client != from_client) continue;
      stream += sample.frame;
      ++expected;
    }
    std::string buffer;
    std::size_t found = 0;
    for (const char c : stream) {
      buffer += c;
      const auto header = from_client ? peek_frontend(buffer) : peek_backend(buffer);
      ASSERT_TRUE(header.has_value());
      EXPECT_EQ(header->has_value(), buffer.size() >= 5);
      if (*header && (*header)->frame_size() == buffer.size()) {
        buffer.clear();
        ++found;
      }
    }
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(buffer.empty());
  }
}

}  // namespace
}  // namespace portcullis::wire
