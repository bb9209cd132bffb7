// Texts in a log that is sealed: they are nowhere, and opened with the keys they are what was recorded.
#include <thread>

#include <gmock/gmock.h>

#include "audit/format.hpp"
#include "audit/read.hpp"
#include "audit/sealer.hpp"
#include "audit/unsealer.hpp"
#include "base/encoding.hpp"
#include "tests/unit/audit/sealing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;
using ::testing::HasSubstr;
using ::testing::Not;
using State = Unsealed::State;

class SealedLog : public ::testing::Test {
 protected:
  [[nodiscard]] LogOptions sealed() const {
    LogOptions with = options(directory_ / "log");
    with.text = TextMode::sealed;
    with.sealing_keys = keys();
    return with;
  }
  [[nodiscard]] std::filesystem::path keys() const { return directory_ / "keys"; }
  std::unique_ptr<Log> open(const LogOptions& with) {
    auto log = Log::open(with, clock_);
    EXPECT_TRUE(log) << log.error().message;
    return log ? std::move(*log) : nullptr;
  }
  std::unique_ptr<Log> open() { return open(sealed()); }
  // Calls `look` with the entry.
  void with_entry(std::uint64_t index, const std::function<void(const EntryReader&)>& look) {
    EntryFilter filter;
    filter.from = filter.to = index;
    int seen = 0;
    const auto read = for_each_entry(directory_ / "log", filter, [&](const EntryReader& entry) {
      look(entry);
      ++seen;
      return true;
    });
    EXPECT_TRUE(read);
    EXPECT_EQ(seen, 1);
  }
  std::string line(std::uint64_t index) {
    std::string line;
    with_entry(index, [&](const EntryReader& entry) { line = entry.line(); });
    return line;
  }
  Unsealed opened(std::uint64_t index, std::string_view field) {
    auto unsealer = Unsealer::open(keys());
    EXPECT_TRUE(unsealer);
    Unsealed result;
    with_entry(index, [&](const EntryReader& entry) { result = unsealer->open(entry, field); });
    return result;
  }
  std::uint64_t epoch_of(std::uint64_t index) {
    std::uint64_t epoch = 0;
    with_entry(index, [&](const EntryReader& entry) { epoch = entry.sealed().value().epoch; });
    return epoch;
  }
  static std::uint64_t put(const std::unique_ptr<Log>& log, const Record& record) {
    const auto index = log->append(record);
    EXPECT_TRUE(index) << index.error().message;
    EXPECT_TRUE(wait_durable(*log, *index + 1));
    return *index;
  }

  TemporaryDirectory directory_;
  FixedClock clock_;
};

TEST_F(SealedLog, HoldsNoTextInTheClear) {
  const std::string secret = "needle-4711 \xff\x80";
  DecisionRecord asked = decision("select '" + secret + "'");
  asked.effects.clear();
  asked.reason = "syntax error at " + secret;
  asked.said_reason = "since " + secret;
  asked.said_confidence = 5'000;
  asked.parameters = {{ParameterRecord::Form::null, {}},
                      {ParameterRecord::Form::text, "needle-4711"},
                      {ParameterRecord::Form::hex, base::to_hex(secret)},
                      {ParameterRecord::Form::length, {}, 70'000}};
  OutcomeRecord failed = outcome(2, 1, "error");
  failed.sqlstate = "22P02";
  failed.error = "invalid input " + secret;
  const DryRunRecord report{1, sha256_hex("x"), "{\"needle-4711\":1}"};
  {
    const auto log = open();
    EXPECT_EQ(put(log, asked), 2u);
    EXPECT_EQ(put(log, failed), 3u);
    EXPECT_EQ(put(log, report), 4u);
  }
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory_.path())) {
    if (!file.is_regular_file()) continue;
    const std::string bytes = read_bytes(file.path());
    for (const std::string needle : {"needle", "bmVlZGxl", "5lZWRsZ", "uZWVkbG"})
      EXPECT_EQ(bytes.find(needle), std::string::npos) << file.path() << " " << needle;
    EXPECT_EQ(bytes.find(base::to_hex(secret)), std::string::npos);
  }
  EXPECT_EQ(opened(2, "text").value, asked.text);
  EXPECT_EQ(opened(2, "reason").value, asked.reason);
  EXPECT_EQ(opened(2, "said").value, asked.said_reason);
  EXPECT_EQ(opened(2, "parameters").value, R"([{"null":true},{"text":"needle-4711"},{"hex":")" +
                                               base::to_hex(secret) + R"("},{"length":70000}])");
  EXPECT_EQ(opened(3, "error").value, failed.error);
  EXPECT_EQ(opened(4, "report").value, report.report);
  EXPECT_THAT(line(2), HasSubstr(R"("said":{"confidence":5000},"sealed":{"epoch":2,)"));
  EXPECT_EQ(opened(2, "error").state, State::absent);
  EXPECT_EQ(opened(0, "text").state, State::absent);
  const auto report_of_all = verify_entries(directory_ / "log");
  EXPECT_EQ(report_of_all.result, VerifyResult::clean) << explain(report_of_all);
}

TEST_F(SealedLog, SealsNoEmptyTextAndNoReasonOfTheGates) {
  DecisionRecord asked = decision("");
  asked.reason = "not covered";
  OutcomeRecord ended = outcome(2);
  {
    const auto log = open();
    put(log, asked);
    put(log, ended);
  }
  EXPECT_THAT(line(2), Not(HasSubstr("sealed")));
  EXPECT_THAT(line(2), HasSubstr(R"("reason":"not covered")"));
  EXPECT_THAT(line(3), Not(HasSubstr("sealed")));
}

TEST_F(SealedLog, KeepsALargeStatementWhole) {
  const std::string text(std::size_t{1} << 20, '\'');
  LogOptions with = sealed();
  with.queue_bytes = 8 << 20;
  with.segment_bytes = 32 << 20;
  put(open(with), decision(text));
  EXPECT_EQ(opened(2, "text").value, text);
}

TEST_F(SealedLog, BeginsAnEpochWithEachStart) {
  put(open(), decision("first"));  // 2; 3 is close
  put(open(), decision("second"));
  EXPECT_EQ(epoch_of(2), 2u);
  EXPECT_EQ(epoch_of(5), 5u);
  EXPECT_EQ(opened(2, "text").value, "first");
  EXPECT_EQ(opened(5, "text").value, "second");
}

TEST_F(SealedLog, GoesOnBehindEntriesOfAnotherMode) {
  LogOptions with = sealed();
  for (const TextMode mode : {TextMode::plain, TextMode::sealed, TextMode::none, TextMode::plain}) {
    with.text = mode;
    put(open(with), decision("select 1"));
  }
  EXPECT_THAT(line(2), HasSubstr(R"("text":"select 1")"));
  EXPECT_EQ(opened(5, "text").value, "select 1");
  EXPECT_THAT(line(8), Not(HasSubstr("select 1")));
  EXPECT_THAT(line(11), HasSubstr(R"("text":"select 1")"));
  const auto report = verify_entries(directory_ / "log");
  EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
}

TEST_F(SealedLog, TakesKeysOfANewEpochOnDemand) {
  const auto log = open();
  EXPECT_EQ(log->new_epoch().value(), 2u) << "nothing was sealed under the first";
  put(log, decision("before"));
  EXPECT_EQ(log->new_epoch().value(), 3u);
  put(log, decision("behind"));
  EXPECT_EQ(epoch_of(2), 2u);
  EXPECT_EQ(epoch_of(3), 3u);
  LogOptions plain = options(directory_ / "plain");
  EXPECT_EQ(open(plain)->new_epoch().error().code, base::sqlstate::invalid_parameter_value);
}

TEST_F(SealedLog, RefusesTextsWhereNoKeysCanBeMadeAndKeepsOutcomes) {
  const auto log = open();
  put(log, decision("select 1"));
  std::filesystem::remove_all(keys());
  clock_.micros += std::chrono::duration_cast<std::chrono::microseconds>(Sealer::kEpochAge).count();
  put(log, session("login"));  // so that the writer looks
  clock_.micros += std::chrono::duration_cast<std::chrono::microseconds>(Sealer::kGrace).count();
  base::Result<std::uint64_t> refused = 0;
  const auto goes_on = [&] {  // room may be short for a moment
    return refused || refused.error().code == base::sqlstate::configuration_limit_exceeded;
  };
  for (int i = 0; i < 1'000 && goes_on(); ++i) {
    refused = log->append(decision("select needle"));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::sqlstate::io_error);
  EXPECT_THAT(refused.error().message, HasSubstr("can make no new keys"));
  put(log, session("login"));
  OutcomeRecord failed = outcome(2, 1, "error");
  failed.error = "needle";
  put(log, failed);
  EXPECT_FALSE(log->failure());
  EXPECT_EQ(read_bytes(directory_ / "log" / segment_name(0)).find("needle"), std::string::npos);
}

TEST_F(SealedLog, DoesNotStartWithoutAFolderForItsKeys) {
  LogOptions with = sealed();
  with.sealing_keys = directory_ / "no" / "keys";
  EXPECT_FALSE(Log::open(with, clock_));
  with.sealing_keys = keys();
  std::filesystem::create_directory(keys());
  std::filesystem::permissions(keys(), std::filesystem::perms(0755));
  const auto log = Log::open(with, clock_);
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error().message, HasSubstr("chmod 700"));
}

TEST_F(SealedLog, StaysReadableWhereKeysWereErased) {
  put(open(), decision("erased"));
  {
    const auto folder = SealingFolder::make(keys()).value();
    auto left = folder.read(2).value();
    left.of(SealClass::text).erase(0, 0);
    ASSERT_TRUE(folder.replace(left));
  }
  EXPECT_EQ(opened(2, "text").state, State::erased);
  std::filesystem::remove(keys() / sealing_name(2));
  EXPECT_EQ(opened(2, "text").state, State::erased);
}

TEST_F(SealedLog, SaysWhatIsWrongWithAKeyOrAnEntry) {
  put(open(), decision("select 1"));
  const std::string bytes = read_bytes(keys() / sealing_name(2));
  write_bytes(keys() / sealing_name(2), bytes + "x");
  EXPECT_EQ(opened(2, "text").state, State::unreadable);
  EXPECT_THAT(opened(2, "text").problem, HasSubstr("no file of keys"));
  std::filesystem::remove(keys() / sealing_name(2));
  {
    const auto folder = SealingFolder::make(keys()).value();
    ASSERT_TRUE(folder.create(portcullis::testing::sealing_keys(2, "another.log")));
  }
  EXPECT_EQ(opened(2, "text").state, State::unreadable);
  std::filesystem::remove(keys() / sealing_name(2));
  ASSERT_TRUE(SealingFolder::make(keys()).value().create(portcullis::testing::sealing_keys(2, kOrigin)));
  EXPECT_EQ(opened(2, "text").state, State::wrong);
}

// --- the form of sealed fields

class SealedForm : public ::testing::Test {
 protected:
  SealedForm() {
    EXPECT_TRUE(sealer_->renew(2));
    forger_.start();
  }
  [[nodiscard]] DraftContext context() const {
    DraftContext with = forger_.context();
    with.text = TextMode::sealed;
    with.sealer = sealer_.get();
    return with;
  }
  [[nodiscard]] std::string line_of(const Record& record) const {
    std::string line;
    append_line(line, make_draft(record, context()).value(), {3, 2, false, Hash{}});
    return line;
  }
  static bool is_entry(const std::string& line) {
    EntryReader quick, careful;
    const auto one = quick.read(line), other = careful.read_carefully(line);
    EXPECT_EQ(one.has_value(), other.has_value()) << line;
    EXPECT_TRUE(!one || one->check == "fields") << one->message;
    return !one && !other;
  }

  TemporaryDirectory directory_;
  FixedClock clock_;
  std::unique_ptr<Sealer> sealer_ = std::move(Sealer::open(directory_ / "keys", kOrigin, clock_).value());
  Forger forger_;
};

DecisionRecord full() {
  DecisionRecord record = decision("select 1");
  record.effects.clear();
  record.reason = "no";
  record.said_reason = "why";
  record.parameters = {{ParameterRecord::Form::null, {}}};
  return record;
}

TEST_F(SealedForm, IsReadBack) {
  EntryReader reader;
  const std::string line = line_of(full());
  ASSERT_TRUE(is_entry(line)) << line;
  ASSERT_FALSE(reader.read(line));
  const auto sealed = reader.sealed();
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->epoch, 2u);
  EXPECT_EQ(sealed->slot, 0u);
  std::vector<std::string_view> names;
  for (const auto& field : sealed->fields) names.push_back(field.name);
  EXPECT_THAT(names, ::testing::ElementsAre("parameters", "reason", "said", "text"));
  EXPECT_TRUE(is_entry(line_of(DryRunRecord{1, "ab", "report"})));
}

TEST_F(SealedForm, OfAnOutcomeFitsInWhatWasKeptForIt) {
  const DecisionRecord asked = decision("select");
  OutcomeRecord longest = outcome(std::uint64_t{1} << 52, std::uint64_t{1} << 52, "connection lost");
  longest.limit = std::string(128, '"');
  for (const auto* piece : {"\x01", "\xff", "\xc3\xa9", "\xf0\x9f\x98\x80"}) {
    longest.error.clear();
    while (longest.error.size() < 2 * kMaxErrorBytes) longest.error += piece;
    for (const TextMode mode : {TextMode::plain, TextMode::sealed, TextMode::none}) {
      DraftContext with = context();
      with.text = mode;
      const auto draft = make_draft(longest, with);
      ASSERT_TRUE(draft);
      EXPECT_LE(line_bound(*draft), outcome_bound(asked, kOrigin, mode)) << draft->body;
    }
  }
}

TEST_F(SealedForm, RefusesWhatIsTooLongOnceItIsSealed) {
  EXPECT_TRUE(make_draft(decision(std::string(std::size_t{11} << 20, 'x')), context()));
  const auto refused = make_draft(decision(std::string(std::size_t{13} << 20, 'x')), context());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::sqlstate::program_limit_exceeded);
}

TEST_F(SealedForm, CutsAnErrorBeforeABrokenCharacter) {
  OutcomeRecord failed = outcome(2, 1, "error");
  failed.error = std::string(kMaxErrorBytes - 1, 'x') + "\xc3\xa9";
  std::string line;
  append_line(line, make_draft(failed, forger_.context()).value(), {3, 2, false, Hash{}});
  EXPECT_THAT(line, HasSubstr("\"error\":\"" + std::string(kMaxErrorBytes - 1, 'x') + "\",\"i\""));
}

TEST_F(SealedForm, CutsAnErrorThatEscapesMakeTooLong) {
  OutcomeRecord failed = outcome(2, 1, "error");
  failed.error = "x" + std::string(kMaxErrorBytes, '\x01');
  const std::string body = make_draft(failed, forger_.context()).value().body;
  EXPECT_THAT(body, HasSubstr("\"error\":\"x\\u0001"));
  EXPECT_LE(body.size(), 2 * kMaxErrorBytes + 300);
}

TEST_F(SealedForm, IsRefusedInAnyOther) {
  const std::string good = line_of(decision("select 1"));
  const auto begin = good.find("\"sealed\":") + 9, end = good.find(",\"session\"");
  const std::string value = good.substr(begin, end - begin);
  const auto with = [&](const std::string& sealed) {
    return good.substr(0, begin) + sealed + good.substr(end);
  };
  const std::string hash(43, 'A'), box = base::to_base64(std::string(28, '\0'));
  const auto of = [&](const std::string& fields) { return with("{\"epoch\":2," + fields + "}"); };
  const std::string text = "\"text\":[\"" + hash + "\",\"" + box + "\"]";
  ASSERT_TRUE(is_entry(with(value)));
  ASSERT_TRUE(is_entry(of("\"slot\":0," + text)));
  for (const auto& bad :
       {with("{}"),
        with("[]"),
        with("1"),
        of("\"slot\":0"),
        of(text),
        with("{\"slot\":0," + text + "}"),
        of("\"slot\":-1," + text),
        of("\"slot\":\"0\"," + text),
        of("\"report\":[],\"slot\":0," + text),
        of("\"slot\":0," + text + ",\"title\":1"),
        of("\"slot\":0,\"text\":[]"),
        of("\"slot\":0,\"text\":[\"" + hash + "\"]"),
        of("\"slot\":0,\"text\":[\"" + hash + "\",\"" + box + "\",\"" + box + "\"]"),
        of("\"slot\":0,\"text\":[\"" + hash.substr(1) + "\",\"" + box + "\"]"),
        of("\"slot\":0,\"text\":[\"" + hash.substr(1) + "B\",\"" + box + "\"]"),
        of("\"slot\":0,\"text\":[\"" + hash + "\",\"" + base::to_base64(std::string(27, 'x')) + "\"]"),
        of("\"slot\":0,\"text\":[\"" + hash + "\",\"" + box.substr(0, 39) + "\"]"),
        of("\"slot\":0,\"text\":[\"" + hash + "\",\"" + box.substr(0, 37) + "B==\"]"),
        of("\"slot\":0,\"text\":[1,\"" + box + "\"]"),
        of("\"slot\":0,\"text\":[\"" + hash + "\",1]"),
        of("\"slot\":0,\"text_base64\":\"\"")}) {
    EXPECT_FALSE(is_entry(bad)) << bad;
  }
}

TEST_F(SealedForm, IsRefusedBesideTheSameInTheClear) {
  const std::string good = line_of(full());
  // Each in its place by the order of the keys.
  const auto put = [&](const std::string& before, const std::string& field) {
    std::string line = good;
    return line.insert(line.find(before), field);
  };
  EXPECT_FALSE(is_entry(put("\"text_length\"", "\"text\":\"x\",")));
  EXPECT_FALSE(is_entry(put("\"text_length\"", "\"text_base64\":\"/w==\",")));
  EXPECT_FALSE(is_entry(put("\"rule\"", "\"reason\":\"x\",")));
  EXPECT_FALSE(is_entry(put("\"prev\"", "\"parameters\":[],")));
  EXPECT_FALSE(is_entry(put("\"sealed\"", "\"said\":{\"reason\":\"x\"},")));
  EXPECT_TRUE(is_entry(put("\"sealed\"", "\"said\":{\"confidence\":1},")));
}

TEST_F(SealedForm, NamesAnEpochAndASlotThatThereCanBe) {
  const auto finding = [&](const std::string& from, const std::string& to) {
    Draft draft = make_draft(decision("select 1"), context()).value();
    const auto at = draft.body.find(from);
    draft.body.replace(at, from.size(), to);
    for (auto& slot : draft.slots.at) slot += slot > at ? to.size() - from.size() : 0;
    Forger forger;
    forger.start();
    TemporaryDirectory folder;
    forger.add(draft).save(folder.path());
    const auto report = verify_entries(folder.path());
    return report.findings.empty() ? "" : report.findings.front().check;
  };
  EXPECT_EQ(finding("\"epoch\":2", "\"epoch\":2"), "");
  EXPECT_EQ(finding("\"epoch\":2", "\"epoch\":3"), "sealed");
  EXPECT_EQ(finding("\"slot\":", "\"slot\":104857"), "");
  EXPECT_EQ(finding("\"slot\":", "\"slot\":1048576"), "sealed");
}

}  // namespace
}  // namespace portcullis::audit
