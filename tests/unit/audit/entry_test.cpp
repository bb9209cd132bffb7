#include "audit/entry.hpp"

#include <gtest/gtest.h>

#include "audit/entry_reader.hpp"
#include "audit/format.hpp"
#include "audit/hash.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using testing::decision;
using testing::kOrigin;
using testing::outcome;

std::string line_of(const Record& record, TextMode text = TextMode::plain, bool ends_batch = true) {
  const testing::FixedClock clock;
  const auto draft = make_draft(record, {kOrigin, clock.wall(), text});
  if (!draft) return draft.error().message;
  std::string line;
  append_line(line, *draft, {3, 2, ends_batch, Hash{}});
  return line;
}

SessionRecord full_session() {
  return {"login", 1,    "agent", "owner", "login", "192.0.2.1:5", "psql", "shop",
          "app",   true, 42,      "28P01", "no",    "certificate", 7};
}

TEST(Entry, OfAnOutcomeHasExactlyTheseBytes) {
  EXPECT_EQ(line_of(outcome(12), TextMode::plain, false),
            R"({"@":"audit.example.com/pg-prod-1#v1","b":2,"decision":12,"duration":1234,"i":3,)"
            R"("prev":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","result":"ok","session":1,"status":"I",)"
            R"("t":"outcome","tags":["SELECT 3"],"ts":1790000000000000})");
}

// One level deeper than an entry may have would be base64 in an array of theirs.
TEST(Entry, TraitsThatAreNoUtf8AreLeftOut) {
  DecisionRecord record = decision("select 1");
  record.effects[0].traits.emplace();
  EXPECT_NE(line_of(record).find(R"("traits":{})"), std::string::npos) << line_of(record);
  record.effects[0].traits->where = true;
  EXPECT_NE(line_of(record).find(R"("traits":{"where":true})"), std::string::npos) << line_of(record);
  record.effects[0].traits->names = {"\xff"};
  EXPECT_EQ(line_of(record).find("traits"), std::string::npos) << line_of(record);
}

// Words of the statement are none of them: they are kept where texts are not.
TEST(Entry, TraitsAreKeptWithoutTexts) {
  DecisionRecord record = decision("select 1");
  record.effects[0].traits = testing::all_traits();
  EXPECT_NE(
      line_of(record, TextMode::none).find(R"("values":["app","public"],"via":"trigger","where":true}})"),
      std::string::npos)
      << line_of(record, TextMode::none);
}

TEST(Entry, OfEveryTypeIsReadBackStrictly) {
  DecisionRecord rich = decision("update t set a = $1\n-- \"ü\"");
  rich.message = "Bind";
  rich.statement = 9;
  rich.role = "app";
  rich.sqlstate = "42501";
  rich.reason = "no";
  rich.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  rich.said_reason = "an order \xff was wrong";
  rich.said_confidence = 9'000;
  rich.limits = {"rows_returned 100 of rule read"};
  rich.effects[0].ground = "rule";
  rich.effects[0].route = "through view app.people";
  rich.effects[0].columns = {"id", "\xfe"};
  rich.effects[0].all_columns = true;
  rich.effects[0].traits = testing::all_traits();
  rich.parameters = {{ParameterRecord::Form::null, {}, 0},
                     {ParameterRecord::Form::text, "it's", 0},
                     {ParameterRecord::Form::hex, "00ff", 0},
                     {ParameterRecord::Form::length, {}, 70000}};
  OutcomeRecord failed = outcome(3, 1, "error");
  failed.sqlstate = "23505";
  const testing::FixedClock clock;
  const DraftContext context{kOrigin, clock.wall()};
  std::vector<Draft> drafts;
  for (const Record& record :
       std::initializer_list<Record>{full_session(),
                                     rich,
                                     DecisionRecord{},
                                     failed,
                                     OutcomeRecord{},
                                     PolicyRecord{"main", "ab", "{}\n"},
                                     ConfigRecord{"{}"},
                                     SessionRecord{},
                                     DryRunRecord{1, sha256_hex("[]"), "[]"},
                                     DryRunRecord{},
                                     CountedRecord{1, 2, "bot", "read", "53400"},
                                     CountedRecord{},
                                     AnchorRecord{"nfs", "failed", "no such file", 9},
                                     AnchorRecord{},
                                     EraseRecord{.hash = "ab", .order = "o\n\xff"},
                                     EraseRecord{.before = 7, .text_class = "said"},
                                     HoldRecord{"ab", "o\n"},
                                     PruneRecord{7, "ab", "o\n\xff", "cd"},
                                     ReadRecord{"ann", 1, 9, 3, {"said", "text"}, "an audit"},
                                     ReadRecord{},
                                     ExportRecord{{"ann", 1, 9, 3, {"text"}, "an audit"}, "ab"},
                                     ExportRecord{}}) {
    drafts.push_back(*make_draft(record, context));
  }
  drafts.push_back(segment_draft(context, "b"));
  drafts.push_back(open_draft(context, "b", "1.0", testing::kHeartbeat));
  drafts.push_back(segment_draft(context, "b", "log+0+k"));
  drafts.push_back(open_draft(context, "b", "1.0", testing::kHeartbeat, "log+0+k"));
  drafts.push_back(key_draft(context, "log+0+k", "log+1+l"));
  drafts.push_back(recovered_draft(context, 7));
  drafts.push_back(heartbeat_draft(context));
  drafts.push_back(close_draft(context));
  EntryReader reader;
  for (const bool ends_batch : {false, true}) {
    for (const Draft& draft : drafts) {
      std::string line;
      append_line(line, draft, {3, 2, ends_batch, Hash{}});
      const auto bad = reader.read(line);
      ASSERT_FALSE(bad) << line << '\n' << bad->message;
      EXPECT_EQ(reader.ends_batch(), ends_batch);
      EXPECT_TRUE(!ends_batch || reader.seal_holds()) << line;
      EXPECT_EQ(reader.index(), 3u);
      EXPECT_EQ(reader.batch(), 2u);
      EXPECT_LE(line.size(), line_bound(draft));
    }
  }
}

TEST(Entry, KeepsTextThatIsNoUtf8ByteForByte) {
  const std::string text("select '\xff\x00\x80'", 12);
  DecisionRecord record = decision(text);
  record.agent = "\xfe";
  record.effects[0].object = "\xc3\x28";
  record.parameters = {{ParameterRecord::Form::text, "\x80", 0}};
  const std::string line = line_of(record);
  EntryReader reader;
  ASSERT_FALSE(reader.read(line)) << line;
  EXPECT_EQ(reader.text("text"), text);
  EXPECT_EQ(reader.text("agent"), "\xfe");
  EXPECT_TRUE(reader.has("text_base64"));
  EXPECT_FALSE(reader.has("text"));
}

TEST(Entry, WithoutTextKeepsOnlyLengths) {
  DecisionRecord record = decision("select 'secret'");
  record.reason = "reports may read orders";
  record.parameters = {{ParameterRecord::Form::text, "secret", 0},
                       {ParameterRecord::Form::hex, "736563726574", 0},
                       {ParameterRecord::Form::null, {}, 0}};
  const std::string line = line_of(record, TextMode::none);
  EntryReader reader;
  ASSERT_FALSE(reader.read(line)) << line;
  EXPECT_EQ(line.find("secret"), std::string::npos) << line;
  EXPECT_EQ(line.find("7365"), std::string::npos) << line;
  EXPECT_EQ(reader.number("text_length"), 15);
  EXPECT_NE(line.find(R"("parameters":[{"length":6},{"length":6},{"null":true}])"), std::string::npos)
      << line;
  EXPECT_EQ(reader.text("reason"), record.reason);
}

TEST(Entry, OfADecisionSaysWhatTheAgentSaidAndHowEffectsCameAbout) {
  DecisionRecord record = decision("select 1");
  record.said_reason = "an order was wrong";
  record.said_confidence = 9'000;
  record.effects[0].route = "through view app.people";
  record.effects[0].columns = {"id"};
  const std::string line = line_of(record);
  EXPECT_NE(line.find(R"("said":{"confidence":9000,"reason":"an order was wrong"})"), std::string::npos)
      << line;
  EXPECT_NE(
      line.find(R"("columns":["id"],"object":"public.orders","outcome":"allow","reason":"reports may read )"
                R"(orders","route":"through view app.people")"),
      std::string::npos)
      << line;
  EXPECT_NE(line_of(record, TextMode::none).find(R"("said":{"confidence":9000})"), std::string::npos);
  record.said_confidence.reset();
  EXPECT_EQ(line_of(record, TextMode::none).find("said"), std::string::npos);
}

TEST(Entry, WithoutTextDropsAReasonThatQuotesIt) {
  DecisionRecord record = decision("selekt 'secret'");
  record.effects.clear();
  record.reason = "syntax error at or near \"secret\"";
  EXPECT_EQ(line_of(record, TextMode::none).find("secret"), std::string::npos);
  EXPECT_NE(line_of(record).find("syntax error"), std::string::npos);
}

TEST(Entry, OfADryRunHasExactlyTheseBytes) {
  const std::string report = R"([{"outcome":"ok"}])";
  EXPECT_EQ(line_of(DryRunRecord{1, "ab12", report}, TextMode::plain, false),
            R"({"@":"audit.example.com/pg-prod-1#v1","b":2,"hash":"ab12","i":3,)"
            R"("prev":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","report":"[{\"outcome\":\"ok\"}]",)"
            R"("session":1,"t":"dry_run","ts":1790000000000000})");
}

TEST(Entry, WithoutTextKeepsOfADryRunTheHashThatTheDecisionNames) {
  const std::string report = R"([{"error":{"message":"column \"secret\" exists already"}}])";
  const std::string hash = sha256_hex(report);
  const std::string line = line_of(DryRunRecord{1, hash, report}, TextMode::none);
  EXPECT_EQ(line.find("secret"), std::string::npos) << line;
  EntryReader reader;
  ASSERT_FALSE(reader.read(line)) << line;
  EXPECT_EQ(reader.type(), EntryType::dry_run);
  EXPECT_EQ(reader.text("hash"), hash);
  EXPECT_FALSE(reader.has("report"));
  DecisionRecord record = decision("alter table t add column secret int");
  record.dry_run = hash;
  const std::string decided = line_of(record, TextMode::none);
  ASSERT_FALSE(reader.read(decided)) << decided;
  EXPECT_EQ(reader.text("dry_run"), hash);
}

TEST(Entry, OfADryRunGivesTheReportBackByteForByte) {
  const std::string report = "[{\"x\":\"\u00fc \\n \\u0000\"}]\n";
  const std::string line = line_of(DryRunRecord{1, sha256_hex(report), report});
  EntryReader reader;
  ASSERT_FALSE(reader.read(line)) << line;
  EXPECT_EQ(reader.text("report"), report);
  EXPECT_EQ(sha256_hex(reader.text("report")), reader.text("hash"));
}

TEST(Entry, OfADryRunThatIsTooLongForALineIsRefused) {
  const testing::FixedClock clock;
  const DryRunRecord record{1, "ab12", std::string(kMaxLineBytes, 'x')};
  const auto draft = make_draft(record, {kOrigin, clock.wall()});
  ASSERT_FALSE(draft);
  EXPECT_EQ(draft.error().code.view(), "54000");
}

TEST(Entry, SaysHowLongATextIsThatWasCut) {
  DecisionRecord record = decision("select");
  record.text_length = 1'000'000;
  EXPECT_NE(line_of(record).find(R"("text":"select","text_length":1000000)"), std::string::npos);
}

TEST(Entry, AboveTheFormatsLimitIsRefused) {
  const testing::FixedClock clock;
  const DraftContext context{kOrigin, clock.wall()};
  DecisionRecord record = decision(std::string(kMaxLineBytes, 'x'));
  EXPECT_EQ(make_draft(record, context).error().code, base::sqlstate::program_limit_exceeded);
  record.text = std::string(kMaxLineBytes - 2000, 'x');
  EXPECT_TRUE(make_draft(record, context));
  record.text = std::string(kMaxLineBytes / 2, '\x01');  // six bytes each
  EXPECT_EQ(make_draft(record, context).error().code, base::sqlstate::program_limit_exceeded);
  record = decision("select");
  record.kinds.assign(kMaxValues, "");
  EXPECT_EQ(make_draft(record, context).error().code, base::sqlstate::program_limit_exceeded);
  record = decision("select");
  record.session = UINT64_MAX;
  EXPECT_EQ(make_draft(record, context).error().code, base::sqlstate::internal_error);
}

TEST(Entry, OfAnOutcomeSaysHowMuchWasGivenBack) {
  OutcomeRecord stopped = outcome(3, 1, "error");
  stopped.rows = 10'000;
  stopped.bytes = 1 << 20;
  stopped.limit = "rows_returned of rule read";
  const std::string line = line_of(stopped, TextMode::plain, false);
  EXPECT_NE(line.find(R"("bytes":1048576,"decision":3)"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("limit":"rows_returned of rule read",)"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("rows":10000,"session")"), std::string::npos) << line;
}

TEST(Entry, OfAnOutcomeFitsInWhatWasKeptForIt) {
  DecisionRecord asked = decision("select");
  asked.kinds.assign(5, "SELECT");
  OutcomeRecord longest =
      outcome((std::uint64_t{1} << 53) - 1, (std::uint64_t{1} << 53) - 1, "connection lost");
  longest.sqlstate = "23505";
  longest.duration = std::chrono::microseconds((std::int64_t{1} << 53) - 1);
  longest.tags.assign(5, std::string(200, '"'));
  longest.rows = longest.bytes = (std::uint64_t{1} << 53) - 1;
  longest.limit = "rows_returned of rule " + std::string(300, 'r');
  const testing::FixedClock clock;
  const auto draft = make_draft(longest, {kOrigin, clock.wall()});
  ASSERT_TRUE(draft);
  EXPECT_LE(line_bound(*draft), outcome_bound(asked, kOrigin, TextMode::plain));
}

TEST(EntryReader, RefusesFieldsThatTheTypeHasNot) {
  const std::string good = line_of(outcome(12), TextMode::plain, false);
  const auto change = [&](const std::string& from, const std::string& to) {
    std::string line = good;
    line.replace(line.find(from), from.size(), to);
    return line;
  };
  EntryReader reader;
  ASSERT_FALSE(reader.read(good));
  for (const std::string& bad :
       {change(R"("duration":1234,)", ""), change(R"("duration":1234)", R"("duration":-1)"),
        change(R"("duration":1234)", R"("duration":"x")"),
        change(R"("result":"ok")", R"("result":"ok","sekret":1)"),
        change(R"("result":"ok")", R"("result_base64":"!")"), change("outcome", "outcomes"),
        change(R"("tags":["SELECT 3"])", R"("tags":[1])"), change(R"("tags":["SELECT 3"])", R"("tags":{})"),
        change(R"("AAAA)", R"("AAA)"), change(R"("i":3)", R"("i":-3)"), change(R"("b":2,)", "")}) {
    const auto problem = reader.read(bad);
    ASSERT_TRUE(problem) << bad;
    EXPECT_EQ(problem->check, "fields") << bad;
    EXPECT_FALSE(problem->truncated);
  }
  EXPECT_FALSE(reader.read(change(R"("result":"ok")", R"("result_base64":"/w==")")));
}

// By an order, or by time: not by both, not by a half of each.
TEST(EntryReader, AnErasureIsOfOneOfTwoForms) {
  const std::string by_order = line_of(EraseRecord{.hash = "ab", .order = "o"}, TextMode::plain, false);
  const std::string by_time = line_of(EraseRecord{.before = 7, .text_class = "said"}, TextMode::plain, false);
  const auto change = [](std::string line, const std::string& from, const std::string& to) {
    return line.replace(line.find(from), from.size(), to);
  };
  EntryReader reader;
  EXPECT_FALSE(reader.read(by_order));
  EXPECT_FALSE(reader.read(by_time));
  EXPECT_FALSE(reader.read(change(by_order, R"("order":"o")", R"("order_base64":"/w==")")));
  EXPECT_FALSE(reader.read(change(by_time, R"("class":"said")", R"("class_base64":"/w==")")));
  for (const std::string& bad :
       {change(by_order, R"("hash":"ab",)", ""), change(by_order, R"("order":"o",)", ""),
        change(by_order, R"("hash":"ab",)", R"("before":7,"hash":"ab",)"),
        change(by_order, R"("hash":"ab","i":3,"order":"o",)", R"("i":3,)"),
        change(by_time, R"("class":"said",)", ""), change(by_time, R"("before":7,)", ""),
        change(by_time, R"("class":"said",)", R"("class":"said","hash_base64":"/w==",)"),
        change(by_time, R"("class":"said",)", R"("class":"said","hash":"ab",)"),
        change(by_time, R"("before":7)", R"("before":-7)")}) {
    const auto problem = reader.read(bad);
    ASSERT_TRUE(problem) << bad;
    EXPECT_EQ(problem->check, "fields") << bad << problem->message;
  }
}

}  // namespace
}  // namespace portcullis::audit
