// Orders as files: what is written is read, and what else there is, is not.
#include <gmock/gmock.h>

#include "base/encoding.hpp"
#include "tests/unit/audit/ordering.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::testing;
using ::testing::HasSubstr;

constexpr std::string_view kErase =
    "portcullis order v1\n"
    "origin audit.example.com/pg-prod-1\n"
    "action erase\n"
    "records 17 100-200\n"
    "classes said text\n"
    "basis Art. 17 GDPR\n"
    "ticket DSR-4711\n"
    "time 1790000000000000\n";
const std::string kHash(64, 'a');

SealClassSet said_and_text() {
  SealClassSet classes;
  classes.add(SealClass::said);
  classes.add(SealClass::text);
  return classes;
}

class OrderFile : public ::testing::Test {
 protected:
  // Signed anew, so that only the reader's own rules stand in the way.
  std::string file(const std::string& text) const { return with_signature(text + "\n", anna_); }
  std::string refusal(const std::string& bytes) const {
    const auto read = read_order(bytes);
    if (read) return "";
    EXPECT_EQ(read.error().code, base::sqlstate::invalid_parameter_value);
    return read.error().message;
  }
  // Of the order above, with this in place of that.
  std::string refusal_with(std::string_view that, std::string_view with) const {
    std::string text(kErase);
    const auto at = text.find(that);
    EXPECT_NE(at, std::string::npos) << that;
    return refusal(file(text.replace(at, that.size(), with)));
  }
  bool takes_with(std::string_view that, std::string_view with) const {
    return refusal_with(that, with).empty();
  }

  const NamedKey anna_ = named_key(11, "anna"), bert_ = named_key(12, "bert"), carl_ = named_key(13, "carl");
  const std::vector<VerifierKey> erasers_{public_key_of(anna_), public_key_of(bert_), public_key_of(carl_)};
};

TEST_F(OrderFile, WritesTheBytesOfThePage) {
  Order order = an_order(OrderAction::erase, {{17, 17}, {100, 200}}, said_and_text());
  order.basis = "Art. 17 GDPR";
  order.ticket = "DSR-4711";
  EXPECT_EQ(to_text(order), kErase);
}

TEST_F(OrderFile, IsReadAsItWasWritten) {
  const auto read = read_order(file(std::string(kErase))).value();
  EXPECT_EQ(read.order.origin, kExampleOrigin);
  EXPECT_EQ(read.order.action, OrderAction::erase);
  EXPECT_EQ(read.order.records, (std::vector<IndexRange>{{17, 17}, {100, 200}}));
  EXPECT_EQ(read.order.classes, said_and_text());
  EXPECT_EQ(read.order.basis, "Art. 17 GDPR");
  EXPECT_EQ(read.order.ticket, "DSR-4711");
  EXPECT_EQ(read.order.micros, 1'790'000'000'000'000u);
  EXPECT_EQ(read.text, kErase);
  EXPECT_EQ(read.hash, sha256_hex(kErase));
  EXPECT_EQ(to_text(read.order), kErase);
}

TEST_F(OrderFile, ToPruneNamesTheFirstEntryThatIsKept) {
  Order order = an_order(OrderAction::prune, {}, {});
  for (const std::uint64_t first : {std::uint64_t{1}, std::uint64_t{4711}, (std::uint64_t{1} << 53) - 1}) {
    order.first = first;
    const std::string text = to_text(order);
    EXPECT_THAT(text, HasSubstr("action prune\nfirst " + std::to_string(first) + "\nbasis "));
    const auto read = read_order(file(text)).value();
    EXPECT_EQ(read.order.action, OrderAction::prune);
    EXPECT_EQ(read.order.first, first);
    EXPECT_EQ(to_text(read.order), text);
  }
  for (const std::uint64_t bad : {std::uint64_t{0}, std::uint64_t{1} << 53}) {
    order.first = bad;
    EXPECT_THAT(refusal(file(to_text(order))), HasSubstr("first entry that is kept")) << bad;
  }
}

TEST_F(OrderFile, AReleaseNamesWhatItReleases) {
  const std::string text = to_text(a_release(kHash));
  EXPECT_THAT(text, HasSubstr("action release\nhold " + kHash + "\nbasis "));
  const auto read = read_order(file(text)).value();
  EXPECT_EQ(read.order.hold, kHash);
  EXPECT_TRUE(read.order.records.empty() && read.order.classes.empty() && read.order.ticket.empty());
  for (const std::string& bad : {kHash.substr(1), kHash + "a", std::string(64, 'A'), std::string(64, 'g')}) {
    EXPECT_THAT(refusal(file(to_text(a_release(bad)))), HasSubstr("by a hash")) << bad;
  }
}

TEST_F(OrderFile, EveryLineIsNeededInItsPlace) {
  for (const std::string_view line :
       {"portcullis order v1\n", "origin audit.example.com/pg-prod-1\n", "action erase\n",
        "records 17 100-200\n", "classes said text\n", "basis Art. 17 GDPR\n", "time 1790000000000000\n"}) {
    EXPECT_NE(refusal_with(line, ""), "") << line;
    EXPECT_NE(refusal_with(line, std::string(line) + std::string(line)), "") << line;
    EXPECT_NE(refusal_with(line, " " + std::string(line)), "") << line;
    std::string without_space(line);
    without_space.erase(without_space.find(' '), 1);
    EXPECT_NE(refusal_with(line, without_space), "") << line;
  }
  EXPECT_TRUE(takes_with("ticket DSR-4711\n", ""));
  EXPECT_NE(refusal_with("time ", "more of it\ntime "), "");
  EXPECT_NE(refusal(file(std::string(kErase) + "more of it\n")), "");
  EXPECT_NE(refusal_with("action erase", "action destroy"), "");
  EXPECT_NE(refusal_with("action erase", "action release"), "");
  EXPECT_TRUE(takes_with("action erase", "action hold"));
}

TEST_F(OrderFile, RecordsRiseWithAGapBetween) {
  for (const std::string_view good :
       {"0", "0-1", "1 3", "1-2 4-5", "9007199254740991", "7-9007199254740991"}) {
    EXPECT_TRUE(takes_with("17 100-200", good)) << good;
    EXPECT_EQ(to_text(read_ranges(good).value()), good);
  }
  for (const std::string_view bad : {"",
                                     " ",
                                     "17-17",
                                     "2-1",
                                     "1 2",
                                     "1-2 3",
                                     "3 1",
                                     "1 1",
                                     "1  3",
                                     " 1",
                                     "1 ",
                                     "01",
                                     "1-02",
                                     "-1",
                                     "1-",
                                     "+1",
                                     "1--2",
                                     "1,3",
                                     "1-2-3",
                                     "x",
                                     "9007199254740992",
                                     "1-9007199254740992",
                                     "99999999999999999999"}) {
    EXPECT_THAT(refusal_with("17 100-200", bad), HasSubstr("records")) << bad;
  }
}

TEST_F(OrderFile, HasAThousandRangesAtMost) {
  std::vector<IndexRange> ranges;
  for (std::uint64_t i = 0; i < kMostRanges; ++i) ranges.push_back({3 * i, 3 * i + 1});
  EXPECT_EQ(refusal(file(to_text(an_order(OrderAction::erase, ranges)))), "");
  ranges.push_back({9'000, 9'000});
  EXPECT_THAT(refusal(file(to_text(an_order(OrderAction::erase, ranges)))), HasSubstr("1,000"));
}

TEST_F(OrderFile, ClassesStandInTheirOrder) {
  for (const std::string_view good : {"parameters", "said", "text", "parameters said text"})
    EXPECT_TRUE(takes_with("said text", good)) << good;
  for (const std::string_view bad :
       {"", "text said", "said said", "said  text", "said text ", " said", "all"})
    EXPECT_THAT(refusal_with("classes said text", "classes " + std::string(bad)), HasSubstr("classes"))
        << bad;
}

TEST_F(OrderFile, TextsAreShortAndPlain) {
  const std::string longest(500, 'x');
  for (const std::string word : {"basis Art. 17 GDPR", "ticket DSR-4711"}) {
    const std::string key = word.substr(0, word.find(' ') + 1);
    EXPECT_TRUE(takes_with(word, key + longest));
    EXPECT_TRUE(takes_with(word, key + "\xc3\xa4 b"));
    for (const std::string& bad :
         {std::string(), longest + "x", std::string(" x"), std::string("x "), std::string("x\x7f"),
          std::string("x\ty"), std::string("x\r"), std::string("\xc3"), std::string("x\0y", 3)}) {
      EXPECT_NE(refusal_with(word, key + bad), "") << key << bad;
    }
  }
}

TEST_F(OrderFile, TimesAreNumbers) {
  for (const std::string_view bad : {"", "-1", "01", "1.5", "9007199254740992", "1 "})
    EXPECT_THAT(refusal_with("1790000000000000", bad), HasSubstr("time")) << bad;
  EXPECT_TRUE(takes_with("1790000000000000", "9007199254740991"));
}

TEST_F(OrderFile, EndsBehindItsSignatures) {
  const std::string good = file(std::string(kErase));
  EXPECT_EQ(refusal(good), "");
  EXPECT_NE(refusal(good + "\n"), "");
  EXPECT_NE(refusal(good + "x\n"), "");
  EXPECT_NE(refusal("\n" + good), "");
  EXPECT_NE(refusal(good.substr(0, good.size() - 1)), "");
  EXPECT_NE(refusal(std::string(kErase)), "");
  EXPECT_THAT(refusal(std::string(kErase) + "\n"), HasSubstr("no signature"));
  EXPECT_THAT(refusal(std::string(kErase) + "\n\n" + good.substr(kErase.size() + 1)), HasSubstr("signature"));
  std::string more = good;
  for (int i = 1; i < 16; ++i) more = with_signature(more, anna_);
  EXPECT_EQ(refusal(more), "");
  EXPECT_THAT(refusal(with_signature(more, anna_)), HasSubstr("16"));
  EXPECT_NE(refusal(""), "");
}

TEST_F(OrderFile, HasNoMoreThan64KiB) {
  std::string order = std::string(kErase) + "\n";
  const std::string line = "\xe2\x80\x94 somebody " + base::to_base64(std::string(4'200, 'x')) + "\n";
  for (int i = 0; i < 11; ++i) order += line;
  const std::size_t left = kMaxOrderBytes - order.size() - std::string("\xe2\x80\x94  YWJjZGU=\n").size();
  const auto filled = [&](std::size_t name) {
    return order + "\xe2\x80\x94 " + std::string(name, 'n') + " YWJjZGU=\n";
  };
  EXPECT_EQ(filled(left).size(), kMaxOrderBytes);
  EXPECT_EQ(refusal(filled(left)), "");
  EXPECT_THAT(refusal(filled(left + 1)), HasSubstr("64 KiB"));
}

TEST_F(OrderFile, MayBeReadBeforeAnybodySigned) {
  const std::string draft = std::string(kErase) + "\n";
  EXPECT_EQ(read_order(draft, Unsigned::take).value().text, kErase);
  EXPECT_FALSE(read_order(std::string(kErase), Unsigned::take));
  EXPECT_EQ(count_signers(read_order(draft, Unsigned::take).value(), erasers_).value(), 0u);
}

TEST_F(OrderFile, CountsEachKeyOnce) {
  const auto count = [&](const std::vector<const NamedKey*>& keys) {
    return count_signers(read_order(signed_order(an_order(OrderAction::erase, {{1, 1}}), keys)).value(),
                         erasers_)
        .value();
  };
  EXPECT_EQ(count({&anna_}), 1u);
  EXPECT_EQ(count({&anna_, &anna_}), 1u);
  EXPECT_EQ(count({&anna_, &bert_}), 2u);
  EXPECT_EQ(count({&carl_, &anna_, &bert_}), 3u);
  const NamedKey stranger = named_key(14, "dora"), namesake = named_key(15, "bert"),
                 alias = named_key(11, "anna-2");
  EXPECT_EQ(count({&anna_, &stranger}), 1u);
  EXPECT_EQ(count({&anna_, &namesake}), 1u);
  EXPECT_EQ(count({&anna_, &alias}), 1u);
}

// One person with two names among the erasers is still one.
TEST_F(OrderFile, TwoNamesOfOneKeyAreOneSigner) {
  const NamedKey alias = named_key(11, "anna-2");
  const auto order =
      read_order(signed_order(an_order(OrderAction::erase, {{1, 1}}), {&anna_, &alias})).value();
  const std::vector<VerifierKey> keys{public_key_of(anna_), public_key_of(alias)};
  EXPECT_EQ(count_signers(order, keys).value(), 1u);
}

TEST_F(OrderFile, AWrongSignatureSpoilsIt) {
  const std::string good = signed_order(an_order(OrderAction::erase, {{1, 1}}), {&anna_, &bert_});
  std::string changed = good;
  changed.replace(changed.find("records 1"), 9, "records 2");
  EXPECT_THAT(count_signers(read_order(changed).value(), erasers_).error().message, HasSubstr("anna"));
  // One more line in Carl's name, by nobody's key.
  const auto carl = public_key_of(carl_);
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(carl.id >> shift & 0xffu);
  for (const std::size_t size : {64u, 63u, 1u}) {
    const std::string line = "\xe2\x80\x94 carl " + base::to_base64(bytes + std::string(size, 'x')) + "\n";
    EXPECT_THAT(count_signers(read_order(good + line).value(), erasers_).error().message, HasSubstr("carl"));
  }
}

// Whatever byte is changed: it is another order, which nobody signed, or none.
TEST_F(OrderFile, NoByteCanBeChanged) {
  const std::string good =
      signed_order(an_order(OrderAction::erase, {{17, 17}, {100, 200}}), {&anna_, &bert_});
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {1, 2, 16, 32, 64}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      const auto read = read_order(bad);
      if (!read) continue;
      const auto signers = count_signers(*read, erasers_);
      EXPECT_TRUE(!signers || *signers < kNeededSigners) << at;
    }
  }
}

}  // namespace
}  // namespace portcullis::audit
