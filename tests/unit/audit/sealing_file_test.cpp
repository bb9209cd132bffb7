// The text of a file of keys, and every way in which it may not be.
#include "audit/sealing_file.hpp"

#include <random>

#include <gmock/gmock.h>

#include "tests/unit/audit/sealing.hpp"

namespace portcullis::audit {
namespace {

using portcullis::testing::key_of_bytes;
using portcullis::testing::sealing_keys;
using ::testing::HasSubstr;

constexpr std::string_view kText =
    "portcullis sealing keys v1\n"
    "origin audit.example.com/pg-prod-1\n"
    "epoch 3\n"
    "made 1790000000000000\n"
    "parameters 0 0 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
    "said 0 0 AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
    "text 0 0 AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\n";

std::string with(std::string_view from, std::string_view to) {
  std::string text(kText);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// Why it is not taken; no key stands there. Empty: it was read.
std::string refusal(std::string_view text) {
  const auto read = read_sealing_text(text);
  if (read) return "";
  EXPECT_EQ(read.error().code, base::sqlstate::invalid_parameter_value);
  EXPECT_THAT(read.error().message, Not(HasSubstr("AwMD")));
  return read.error().message;
}

TEST(SealingFile, IsTheLinesOfThePage) {
  EXPECT_EQ(sealing_text(sealing_keys()).reveal(), kText);
}

TEST(SealingFile, GivesBackItsKeys) {
  const auto read = read_sealing_text(kText);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->origin, "audit.example.com/pg-prod-1");
  EXPECT_EQ(read->epoch, 3u);
  EXPECT_EQ(read->made, 1'790'000'000'000'000);
  EXPECT_EQ(read->of(SealClass::text).key_of(5), KeyTree(key_of_bytes(3)).key_of(5));
  EXPECT_EQ(read->of(SealClass::parameters).key_of(5), KeyTree(key_of_bytes(1)).key_of(5));
}

TEST(SealingFile, HoldsWhatIsLeftOfTrees) {
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    SealingKeys keys = sealing_keys(static_cast<std::uint64_t>(round));
    for (auto& tree : keys.trees) {
      for (int i = 0; i < 5; ++i) {
        const auto first = static_cast<std::uint32_t>(random() % kSlots);
        tree.erase(first, std::min(first + static_cast<std::uint32_t>(random() % 9), kSlots - 1));
      }
    }
    if (round % 3 == 0) keys.of(SealClass::said).erase_all();
    const auto text = sealing_text(keys);
    const auto read = read_sealing_text(text.reveal());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(sealing_text(*read).reveal(), text.reveal());
  }
}

TEST(SealingFile, MayHoldNoKey) {
  SealingKeys keys = sealing_keys();
  for (auto& tree : keys.trees) tree.erase_all();
  const auto text = sealing_text(keys);
  EXPECT_EQ(text.reveal(), kText.substr(0, kText.find("parameters")));
  EXPECT_TRUE(read_sealing_text(text.reveal()));
}

TEST(SealingFile, IsRefusedWhereItIsCutOff) {
  std::size_t whole = 0;
  for (std::size_t size = 0; size < kText.size(); ++size) {
    // Behind a line's end there is one that has fewer keys.
    const bool is_whole = size > kText.find("parameters") - 1 && kText[size - 1] == '\n';
    EXPECT_EQ(refusal(kText.substr(0, size)).empty(), is_whole) << size;
    whole += is_whole ? 1 : 0;
  }
  EXPECT_EQ(whole, 3u);
}

TEST(SealingFile, IsRefusedInAnyOtherForm) {
  const std::vector<std::pair<std::string, std::string>> changes{
      {"keys v1", "keys v2"},
      {"portcullis", " portcullis"},
      {"v1\n", "v1\r\n"},
      {"v1\n", "v1\n\n"},
      {"origin audit", "origin  audit"},
      {"origin audit.example.com/pg-prod-1", "origin "},
      {"origin audit.example.com/pg-prod-1", "origin"},
      {"origin audit.example.com/pg-prod-1", "origin a b"},
      {"origin audit.example.com/pg-prod-1", "origin a+b"},
      {"origin audit.example.com/pg-prod-1", "origin " + std::string(256, 'a')},
      {"origin", "Origin"},
      {"epoch 3", "epoch 03"},
      {"epoch 3", "epoch +3"},
      {"epoch 3", "epoch -3"},
      {"epoch 3", "epoch 3 "},
      {"epoch 3", "epoch"},
      {"epoch 3", "epoch 0x3"},
      {"epoch 3", "epoch 9007199254740992"},
      {"epoch 3", "epoch 99999999999999999999"},
      {"epoch 3\n", ""},
      {"made 1790000000000000", "made 01790000000000000"},
      {"made 1790000000000000", "made 9007199254740992"},
      {"made 1790000000000000", "made 1.0"},
      {"made 1790000000000000\n", "made 1790000000000000\n\n"},
      {"said 0 0", "says 0 0"},
      {"said 0 0", "Said 0 0"},
      {"said 0 0", "said 00 0"},
      {"said 0 0", "said 0 00"},
      {"said 0 0", "said 0 1"},
      {"said 0 0", "said 1 2"},
      {"said 0 0", "said 21 0"},
      {"said 0 0", "said 20 1048576"},
      {"said 0 0", "said 0  0"},
      {"said 0 0", "said  0 0"},
      {"said 0 0", " said 0 0"},
      {"said 0 0", "said 0"},
      {"said 0 0", "said\t0 0"},
      {"said", "parameters"},
      {"said", "text"},
      {"AgI=", "AgI"},
      {"AgI=", "AgI=="},
      {"AgI=", "AgJ="},
      {"AgI=", "AgI= "},
      {"AgI=", "AgIC"},
      {"AgI=", "Ag=="},
      {"AgI=", "AgIAgI="},
      {"AgICAg", "AgIC-g"},
      {"AgICAg", "AgIC g"},
      {"AgICAg", "AgIC=g"},
      {"AwM=\n", "AwM="},
      {"AwM=\n", "AwM=\n\n"},
      {"AwM=\n", "AwM=\r\n"},
      {"AwM=\n", "AwM=\ntext 1 1 AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\n"},
  };
  for (const auto& [from, to] : changes) EXPECT_NE(refusal(with(from, to)), "") << from << " -> " << to;
  EXPECT_NE(refusal(std::string(kText) + '\0'), "");
  EXPECT_NE(refusal(with("3\n", std::string("3\0\n", 3))), "");
}

TEST(SealingFile, SaysWhichLineIsWrong) {
  EXPECT_EQ(refusal(with("said 0 0", "said 0 7")), "line 6 is not behind the slots of the one before");
  EXPECT_EQ(refusal(with("said", "text")), "line 7 is not behind the slots of the one before");
  EXPECT_EQ(refusal(with("text", "parameters")), "line 7 is of a class that comes before the last one");
}

TEST(SealingFile, HasAnotherRootInEachClass) {
  const auto keys = make_sealing_keys("gate.example", 9, 12);
  ASSERT_TRUE(keys);
  EXPECT_NE(keys->trees[0].key_of(0), keys->trees[1].key_of(0));
  EXPECT_NE(keys->trees[1].key_of(0), keys->trees[2].key_of(0));
  EXPECT_TRUE(read_sealing_text(sealing_text(*keys).reveal()));
}

TEST(SealingFile, KnowsItsClasses) {
  for (const auto name : kSealClasses) EXPECT_EQ(name_of(*seal_class(name)), name);
  EXPECT_FALSE(seal_class("report"));
  EXPECT_FALSE(seal_class(""));
}

}  // namespace
}  // namespace portcullis::audit
