#include "audit/read.hpp"

#include <gtest/gtest.h>

#include "audit/format.hpp"
#include "tests/unit/audit/ordering.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

class Read : public ::testing::Test {
 protected:
  std::vector<std::uint64_t> indexes(const EntryFilter& filter) {
    std::vector<std::uint64_t> found;
    const auto done = for_each_entry(directory_.path(), filter, [&](const EntryReader& entry) {
      found.push_back(entry.index());
      return true;
    });
    EXPECT_TRUE(done) << done.error().message;
    return found;
  }
  std::string described(const Record& record) {
    Forger forger;
    forger.add(record);
    EntryReader reader;
    line_ = forger.bytes();
    line_.pop_back();
    EXPECT_FALSE(reader.read(line_));
    return describe(reader);
  }
  std::string line_;
  TemporaryDirectory directory_;
};

TEST_F(Read, FiltersByIndexTypeAgentAndVerdict) {
  Forger forger;
  forger.start();
  DecisionRecord denied = decision("drop table t");
  denied.verdict = "deny";
  denied.agent = "other";
  forger.add(decision("select 1")).add(outcome(2)).add(denied);
  forger.save(directory_.path());
  forger.begin_segment();
  forger.add(segment_draft(forger.context(), "b0"), false).add(decision("select 2"));
  forger.save(directory_.path(), 5);
  using List = std::vector<std::uint64_t>;
  EXPECT_EQ(indexes({}), (List{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(indexes({2, 5, {}, "", ""}), (List{2, 3, 4, 5}));
  EXPECT_EQ(indexes({5, UINT64_MAX, {}, "", ""}), (List{5, 6}));
  EXPECT_EQ(indexes({6, UINT64_MAX, {}, "", ""}), (List{6}));
  EXPECT_EQ(indexes({0, UINT64_MAX, EntryType::decision, "", ""}), (List{2, 4, 6}));
  EXPECT_EQ(indexes({0, UINT64_MAX, {}, "other", ""}), (List{4}));
  EXPECT_EQ(indexes({0, UINT64_MAX, {}, "", "allow"}), (List{2, 6}));
  EXPECT_EQ(indexes({0, UINT64_MAX, EntryType::outcome, "", "allow"}), List{});
}

TEST_F(Read, KnowsFromWhereToReadForATime) {
  EXPECT_EQ(*first_index_since(directory_.path(), 0), 0u);
  Forger forger;
  forger.start();
  forger.add(decision("select 1"));
  const auto before = forger.micros;
  forger.save(directory_.path());
  forger.begin_segment();
  forger.micros = before + 1'000'000;
  forger.add(segment_draft(forger.context(), "b0"), false).add(decision("select 2"));
  forger.save(directory_.path(), 3);
  EXPECT_EQ(*first_index_since(directory_.path(), before + 2'000'000), 3u);
  EXPECT_EQ(*first_index_since(directory_.path(), before + 1'000'000), 0u);
  EXPECT_EQ(*first_index_since(directory_.path(), 0), 0u);
}

TEST_F(Read, StopsWhenTheCallerHasEnough) {
  Forger forger;
  forger.start().save(directory_.path());
  int calls = 0;
  EXPECT_TRUE(for_each_entry(directory_.path(), {}, [&](const EntryReader&) { return ++calls < 1; }));
  EXPECT_EQ(calls, 1);
}

TEST_F(Read, EndsQuietlyAtATornTailAndLoudlyAtDamage) {
  Forger forger;
  forger.start().add(decision("select 1"));
  const std::string good = forger.bytes();
  write_bytes(directory_ / segment_name(0), good.substr(0, good.size() - 20) + "\n\n\n");
  EXPECT_EQ(indexes({}).size(), 2u);
  std::string bad = good;
  bad[5] = 'X';
  bad[1] = 'X';
  write_bytes(directory_ / segment_name(0), bad);
  const auto done = for_each_entry(directory_.path(), {}, [](const EntryReader&) { return true; });
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("line 1"), std::string::npos);
  EXPECT_FALSE(for_each_entry(directory_ / "absent", {}, [](const EntryReader&) { return true; }));
}

TEST_F(Read, DescribesWhatIsCounted) {
  SessionRecord logins;
  logins.event = "refused";
  logins.count = 49;
  logins.client_address = "192.0.2.1";
  logins.sqlstate = "28P01";
  logins.reason = "logins that proved nothing";
  EXPECT_EQ(
      described(logins),
      "2026-09-21T14:13:20.000000Z #0 session session 0 refused 49 more from 192.0.2.1 28P01 (logins that "
      "proved nothing)");
  EXPECT_EQ(described(CountedRecord{7, 4'999, "bot", "read", "53400"}),
            "2026-09-21T14:13:20.000000Z #0 counted bot session 7 4999 more refused with 53400 rule read");
}

TEST_F(Read, DescribesOrdersAndWhatIsReadByPeople) {
  const auto key = portcullis::testing::named_key(11, "anna");
  Order order = portcullis::testing::an_order(OrderAction::erase, {{17, 17}, {100, 200}});
  order.basis = "asked\xe2\x80\xae for";
  order.ticket = "DSR-1";
  const std::string file = portcullis::testing::signed_order(order, {&key});
  EXPECT_EQ(described(EraseRecord{.hash = "ab", .order = file}),
            "2026-09-21T14:13:20.000000Z #0 erase ab order to erase 17 100-200 (parameters said text): "
            "asked\\u{202e} for, DSR-1");
  Order prune = portcullis::testing::an_order(OrderAction::prune, {}, {});
  prune.first = 42;
  prune.basis = "kept for a year";
  EXPECT_EQ(described(PruneRecord{42, "ab", portcullis::testing::signed_order(prune, {&key}), "cd"}),
            "2026-09-21T14:13:20.000000Z #0 prune ab order to prune the entries before 42: kept for a year");
  EXPECT_EQ(described(HoldRecord{"ab", "x\033"}),
            "2026-09-21T14:13:20.000000Z #0 hold ab an order that is none");
  EXPECT_EQ(described(EraseRecord{.before = 1'790'000'000'000'000, .text_class = "said"}),
            "2026-09-21T14:13:20.000000Z #0 erase all of the class said before 2026-09-21T14:13:20.000000Z");
  EXPECT_EQ(described(ExportRecord{{"ann", 1, 9, 3, {"said", "text"}, "court"}, "cd"}),
            "2026-09-21T14:13:20.000000Z #0 export by ann 3 entries from #1 to #9 said, text into a file cd "
            "(court)");
}

TEST_F(Read, DescribesADecision) {
  DecisionRecord record = decision("delete from orders\n where id = 7");
  record.verdict = "deny";
  record.effects = {{"delete", "public.orders", "deny", "no-deletes", "x"},
                    {"select", "public.orders", "allow", "", ""}};
  record.rule = "no-deletes";
  record.sqlstate = "42501";
  record.reason = "deletes need a person";
  EXPECT_EQ(described(record),
            "2026-09-21T14:13:20.000000Z #0 decision reporting-agent DENY Query delete public.orders, select "
            "public.orders rule no-deletes 42501 (deletes need a person) | delete from orders  where id = 7");
}

TEST_F(Read, DescribesOutcomesAndSessions) {
  EXPECT_EQ(described(outcome(12)), "2026-09-21T14:13:20.000000Z #0 outcome of #12 ok SELECT 3 in 1234 us");
  EXPECT_EQ(described(session("login", 4)),
            "2026-09-21T14:13:20.000000Z #0 session reporting-agent session 4 login from 192.0.2.7:40000");
}

TEST_F(Read, DescribesADryRunByItsHash) {
  EXPECT_EQ(described(DryRunRecord{1, "ab12", R"([{"outcome":"ok"}])"}),
            "2026-09-21T14:13:20.000000Z #0 dry_run ab12");
}

TEST_F(Read, FindsDryRunsByTheirType) {
  Forger forger;
  forger.start().add(DryRunRecord{1, "ab12", "[]"}).add(decision("select 1")).save(directory_.path());
  EXPECT_EQ(indexes({0, UINT64_MAX, EntryType::dry_run, "", ""}), (std::vector<std::uint64_t>{2}));
}

// Log text is chosen by those whom the log watches: it must not drive the terminal of those who read it.
TEST_F(Read, LetsNothingThroughThatDrivesATerminal) {
  DecisionRecord record = decision(
      "\x1b]0;owned\x07\x1b[2J\r\x7f\xc2\x9b"
      "31m \u202e evil \u2066 \u200b \ufeff");
  record.agent = "\x1b[1m\u202d";
  record.effects[0].object = "a\nb\x08";
  record.kinds = {"\x1b"};
  record.rule = "\xff\x1b";
  record.reason = "\u2028";
  const std::string text = described(record);
  for (const char c : text) EXPECT_GE(static_cast<unsigned char>(c), 0x20u) << text;
  for (const char* bad :
       {"\x7f", "\xc2\x9b", "\u202e", "\u202d", "\u2066", "\u200b", "\ufeff", "\u2028", "\xff"}) {
    EXPECT_EQ(text.find(bad), std::string::npos) << text;
  }
  EXPECT_NE(text.find("\\u{1b}]0;owned\\u{7}"), std::string::npos) << text;
  EXPECT_NE(text.find("\\xff\\u{1b}"), std::string::npos) << text;
}

TEST_F(Read, ShortensLongTexts) {
  const std::string text = described(decision(std::string(100'000, 'x')));
  EXPECT_LT(text.size(), 500u);
  EXPECT_TRUE(text.ends_with("..."));
}

}  // namespace
}  // namespace portcullis::audit
