// Orders in a log whose chain holds: who may order what, and what is held.
#include <gmock/gmock.h>

#include "audit/json_value.hpp"
#include "audit/order_rules.hpp"
#include "tests/unit/audit/ordering.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;
using portcullis::testing::a_release;
using portcullis::testing::an_order;
using portcullis::testing::named_key;
using portcullis::testing::signed_order;

std::string vkey_of(const NamedKey& key) {
  return vkey_text(key.name, key.key.public_key());
}

class Orders : public ::testing::Test {
 protected:
  Orders() {
    forger_.start();
    configure(R"("retention_ms":{"parameters":3600000,"said":0})");
    for (int i = 0; i < 20; ++i) forger_.add(decision("select 1"));  // 3 to 22
  }
  void configure(const std::string& more = R"("x":1)") {
    forger_.add(ConfigRecord{R"({"audit":{"erasers":["x",")" + vkey_of(anna_) + R"(",7,")" + vkey_of(bert_) +
                             R"("],)" + more + "}}"});
  }
  std::string signed_by_two(const Order& order) const { return signed_order(order, {&anna_, &bert_}); }
  static std::string hash_of(const std::string& order) { return read_order(order).value().hash; }
  std::string add(const std::string& order, bool erases = false) {
    const std::string hash = hash_of(order);
    if (erases) {
      forger_.add(EraseRecord{.hash = hash, .order = order});
    } else {
      forger_.add(HoldRecord{hash, order});
    }
    return hash;
  }
  std::string erase(const Order& order) { return add(signed_by_two(order), true); }
  std::string hold(const Order& order) { return add(signed_by_two(order)); }
  void erase_before(std::int64_t micros, const std::string& kind) {
    forger_.add(EraseRecord{.before = static_cast<std::uint64_t>(micros), .text_class = kind});
  }
  // "order@23 hold@24"; each of them is a proof.
  std::string findings() {
    forger_.save(directory_.path());
    const auto report = verify_entries(directory_.path());
    std::string out;
    for (const auto& finding : report.findings)
      out += (out.empty() ? "" : " ") + finding.check + "@" + std::to_string(finding.index);
    EXPECT_EQ(report.result, out.empty() ? VerifyResult::clean : VerifyResult::tampered) << explain(report);
    return out;
  }
  static SealClassSet only(SealClass kind) {
    SealClassSet classes;
    classes.add(kind);
    return classes;
  }
  static Order to_erase(std::vector<IndexRange> records, SealClassSet classes = SealClassSet::all()) {
    return an_order(OrderAction::erase, std::move(records), classes);
  }
  static Order to_hold(std::vector<IndexRange> records, SealClassSet classes = SealClassSet::all()) {
    return an_order(OrderAction::hold, std::move(records), classes);
  }

  const NamedKey anna_ = named_key(11, "anna"), bert_ = named_key(12, "bert"), carl_ = named_key(13, "carl");
  Forger forger_;
  TemporaryDirectory directory_;
};

TEST_F(Orders, TwoErasersOrder) {
  erase(to_erase({{3, 5}, {22, 22}}));
  hold(to_hold({{8, 9}}));
  EXPECT_EQ(findings(), "");
}

TEST_F(Orders, OneEraserDoesNot) {
  const Order order = to_erase({{3, 5}});
  add(signed_order(order, {&anna_}), true);                  // 23
  add(signed_order(order, {&anna_, &carl_}), true);          // 24
  add(signed_order(order, {&anna_, &anna_}), true);          // 25
  add(signed_order(order, {&carl_, &bert_, &anna_}), true);  // 26
  EXPECT_EQ(findings(), "order@23 order@24 order@25");
}

TEST_F(Orders, TheNewestConfigurationSaysWhoErases) {
  const std::string order = signed_order(to_erase({{3, 5}}), {&bert_, &carl_});
  add(order, true);  // 23
  forger_.add(
      ConfigRecord{R"({"audit":{"erasers":[")" + vkey_of(carl_) + R"(",")" + vkey_of(bert_) + "\"]}}"});
  add(order, true);
  forger_.add(ConfigRecord{"{}"});
  add(order, true);  // 27
  for (const std::string bad : {"", "[]", "{", R"({"audit":[]})", R"({"audit":{"erasers":{}}})"}) {
    forger_.add(ConfigRecord{bad});
    add(order, true);
  }
  EXPECT_EQ(findings(), "order@23 order@27 order@29 order@31 order@33 order@35 order@37");
}

TEST_F(Orders, AnOrderIsForThisLogAndStandsWhereItBelongs) {
  Order other = to_erase({{3, 5}});
  other.origin = "audit.example.com/pg-prod-2";
  erase(other);                                 // 23
  add(signed_by_two(to_erase({{3, 5}})));       // 24
  add(signed_by_two(to_hold({{3, 5}})), true);  // 25
  const std::string order = signed_by_two(to_erase({{3, 5}}));
  forger_.add(EraseRecord{.hash = sha256_hex("x"), .order = order});        // 26
  forger_.add(EraseRecord{.hash = hash_of(order), .order = order + "\n"});  // 27
  erase(to_erase({{3, 28}}));                                               // 28
  erase(to_erase({{3, 28}}));                                               // 29
  hold(to_hold({{30, 30}}));                                                // 30
  EXPECT_EQ(findings(), "order@23 order@24 order@25 order@26 order@27 order@28 order@30");
}

TEST_F(Orders, WhatIsHeldIsNotErased) {
  const std::string held = hold(to_hold({{5, 7}, {10, 10}}, only(SealClass::text)));  // 23
  erase(to_erase({{3, 4}, {8, 9}}));
  erase(to_erase({{3, 12}}, only(SealClass::said)));
  erase(to_erase({{10, 10}}));  // 26
  erase(to_erase({{1, 6}}));    // 27
  hold(a_release(held));
  erase(to_erase({{1, 12}}));
  EXPECT_EQ(findings(), "hold@26 hold@27");
}

TEST_F(Orders, AHoldIsReleasedOnceAndMayComeAgain) {
  const std::string held = hold(to_hold({{5, 7}}));
  hold(to_hold({{5, 7}}));  // in force already
  hold(a_release(held));
  hold(a_release(held));                   // 26
  hold(a_release(sha256_hex("nothing")));  // 27
  const std::string erased = erase(to_erase({{5, 5}}));
  hold(a_release(erased));  // 29
  hold(to_hold({{5, 7}}));
  erase(to_erase({{5, 5}}));  // 31
  hold(a_release(held));
  erase(to_erase({{5, 5}}));
  EXPECT_EQ(findings(), "order@26 order@27 order@29 hold@31");
}

TEST_F(Orders, WhatIsNoOrderHoldsNothing) {
  add(signed_order(to_hold({{5, 7}}), {&anna_}));  // 23
  erase(to_erase({{5, 5}}));
  EXPECT_EQ(findings(), "order@23");
}

TEST_F(Orders, TimeErasesWhatTheConfigurationKeepsNoLonger) {
  const std::int64_t now = forger_.micros, hour = 3'600'000'000;
  erase_before(now - hour, "parameters");
  erase_before(now - hour + 1, "parameters");  // 24
  erase_before(now, "said");
  erase_before(0, "text");   // 26
  erase_before(0, "texts");  // 27
  configure(R"("retention_ms":{"parameters":3600000.0,"said":-1,"text":9007199254740991})");
  erase_before(0, "parameters");  // 29
  erase_before(0, "said");        // 30
  erase_before(0, "text");        // 31
  EXPECT_EQ(findings(), "retention@24 retention@26 retention@27 retention@29 retention@30 retention@31");
}

TEST_F(Orders, TimeErasesNothingOfAClassThatIsHeld) {
  const std::string held = hold(to_hold({{5, 7}}, only(SealClass::said)));
  erase_before(0, "parameters");
  erase_before(0, "said");  // 25
  hold(a_release(held));
  erase_before(0, "said");
  EXPECT_EQ(findings(), "retention@25");
}

TEST_F(Orders, KnowsWhatIsErased) {
  OrderRules rules;
  erase(to_erase({{3, 5}}, only(SealClass::said)));
  erase(to_erase({{6, 6}, {20, 20}}, only(SealClass::said)));
  add(signed_order(to_erase({{10, 10}}), {&anna_}), true);
  erase_before(1'000, "said");
  std::string_view rest = forger_.bytes();
  EntryReader reader;
  for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    ASSERT_FALSE(reader.read(rest.substr(0, end)));
    (void)rules.see(reader, portcullis::testing::kExampleOrigin);
    rest.remove_prefix(end + 1);
  }
  for (std::uint64_t i = 0; i < 25; ++i) {
    EXPECT_EQ(rules.erased().by_order(SealClass::said, i), (i >= 3 && i <= 6) || i == 20) << i;
    EXPECT_FALSE(rules.erased().by_order(SealClass::text, i)) << i;
  }
  EXPECT_TRUE(rules.erased().by_time(SealClass::said, 999));
  EXPECT_FALSE(rules.erased().by_time(SealClass::said, 1'000));
  EXPECT_FALSE(rules.erased().by_time(SealClass::text, 0));
}

TEST_F(Orders, TenThousandMayBeHeld) {
  OrderRules rules;
  Forger forger;
  EntryReader reader;
  const auto see = [&](const Record& record) {
    forger.begin_segment();
    forger.add(record);
    const std::string line = forger.bytes().substr(0, forger.bytes().size() - 1);
    EXPECT_FALSE(reader.read(line));
    return rules.see(reader, portcullis::testing::kExampleOrigin);
  };
  (void)see(ConfigRecord{R"({"audit":{"erasers":[")" + vkey_of(anna_) + "\",\"" + vkey_of(bert_) + "\"]}}"});
  std::string order;
  for (std::uint64_t i = 0; i <= kMostHolds; ++i) {
    Order hold = to_hold({{0, 0}});
    hold.micros = i;
    order = signed_by_two(hold);
    const auto violation = see(HoldRecord{hash_of(order), order});
    ASSERT_EQ(violation.has_value(), i == kMostHolds) << i;
  }
  const auto first = rules.holds().begin()->first;
  const std::string release = signed_by_two(a_release(first));
  EXPECT_FALSE(see(HoldRecord{hash_of(release), release}));
  EXPECT_FALSE(see(HoldRecord{hash_of(order), order}));
  EXPECT_FALSE(see(HoldRecord{hash_of(order), order}));
  EXPECT_EQ(rules.holds().size(), kMostHolds);
}

TEST(IndexSetTest, JoinsRangesThatTouch) {
  IndexSet set;
  const auto told = [&] {
    std::vector<IndexRange> ranges;
    for (const auto& [first, last] : set.ranges()) ranges.push_back({first, last});
    return to_text(std::span(ranges));
  };
  set.add({5, 5});
  set.add({7, 9});
  EXPECT_EQ(told(), "5 7-9");
  set.add({6, 6});
  EXPECT_EQ(told(), "5-9");
  set.add({20, 30});
  set.add({1, 1});
  set.add({12, 15});
  set.add({10, 25});
  EXPECT_EQ(told(), "1 5-30");
  set.add({0, UINT64_MAX});
  set.add({3, 3});
  EXPECT_EQ(set.ranges().size(), 1u);
  EXPECT_TRUE(set.has(UINT64_MAX) && set.has(0));
}

TEST(JsonValueTest, TakesWhatJsonIs) {
  for (const std::string good : {"{}", " [ ] ", "1", "-0", "0.5e+10", "1E3", "true", "null", R"("")",
                                 R"("\u0041\ud83d\ude00\"\\\/\b\f\n\r\t")", R"({"a":[1,{"b":null}],"a":2})"})
    EXPECT_TRUE(read_json(good)) << good;
  for (const std::string bad : {"",         "{",   "}",        "[1,]",    R"({"a"})",  R"({"a":1,})",
                                R"({a:1})", "01",  "1.",       ".5",      "-",         "1e",
                                "+1",       "tru", "NaN",      R"("\x")", R"("\u12")", R"("\u12g4")",
                                "\"\n\"",   "\"",  "\"\xff\"", "1 2",     "[1 2]",     "\xef\xbb\xbf{}"})
    EXPECT_FALSE(read_json(bad)) << bad;
  EXPECT_TRUE(read_json(std::string(64, '[') + std::string(64, ']')));
  EXPECT_FALSE(read_json(std::string(65, '[') + std::string(65, ']')));
}

TEST(JsonValueTest, SaysWhatStandsThere) {
  const auto value = read_json(
      R"({"a":{"b":1},"a":{"\u0062":"\u0041\n"},"c":[9007199254740991,9007199254740992,-1,-0,1.0]})");
  EXPECT_EQ(value->find("a")->find("b")->text, "A\n");
  const auto& numbers = value->find("c")->elements;
  EXPECT_EQ(numbers[0].count(), 9'007'199'254'740'991);
  EXPECT_FALSE(numbers[1].count() || numbers[2].count() || numbers[4].count() || value->count());
  EXPECT_EQ(numbers[3].count(), 0);
}

}  // namespace
}  // namespace portcullis::audit
