// What is found quickly is what a look at every entry finds.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "audit/entry_texts.hpp"
#include "audit/log_search.hpp"
#include "audit/prefilter.hpp"
#include "audit/read.hpp"
#include "tests/unit/audit/random_log.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

// Reads every line, and knows every session of the start.
class Slowly {
 public:
  explicit Slowly(const std::vector<std::string>& lines) : lines_(lines) {}

  template <class Use>
  void each(std::uint64_t as_of, const Use& use) {
    std::map<std::uint64_t, SessionFacts> sessions;
    for (std::size_t i = 0; i <= as_of && i < lines_.size(); ++i) {
      EntryReader entry;
      ASSERT_FALSE(entry.read(lines_[i])) << lines_[i];
      ASSERT_EQ(entry.index(), i);
      if (entry.type() == EntryType::open) sessions.clear();
      const auto number = static_cast<std::uint64_t>(entry.number("session").value_or(0));
      if (entry.type() == EntryType::session && entry.text("event") == "login")
        sessions[number] = read_session(entry);
      const auto found = sessions.find(number);
      use(entry, found == sessions.end() ? nullptr : &found->second);
    }
  }

  // With `outcomes`, those of the decisions that were found come along.
  std::vector<std::uint64_t> entries(const EntryFilter& filter, std::uint64_t as_of, bool outcomes) {
    std::vector<std::uint64_t> found;
    std::set<std::int64_t> decisions;
    each(as_of, [&](const EntryReader& entry, const SessionFacts* who) {
      const bool is_session = entry.type() == EntryType::session;
      const SessionFacts own = is_session ? read_session(entry) : SessionFacts{};
      const bool is_owed = outcomes && !filter.type && entry.type() == EntryType::outcome &&
                           decisions.contains(*entry.number("decision"));
      if (!is_owed && !matches(filter, entry, is_session ? &own : who)) return;
      found.push_back(entry.index());
      if (entry.type() == EntryType::decision) decisions.insert(static_cast<std::int64_t>(entry.index()));
    });
    return found;
  }

  // "5 ada ok[6 9] text"
  std::vector<std::string> statements(EntryFilter filter, std::uint64_t as_of) {
    const std::string sqlstate = std::exchange(filter.sqlstate, {});
    std::map<std::uint64_t, Statement> found;
    std::map<std::uint64_t, std::string> texts;
    each(as_of, [&](const EntryReader& entry, const SessionFacts* who) {
      if (entry.type() == EntryType::decision) texts[entry.index()] = statement_text(entry);
      if (entry.type() == EntryType::outcome) {
        const auto row = found.find(static_cast<std::uint64_t>(*entry.number("decision")));
        if (row != found.end()) row->second.outcomes.push_back(read_outcome(entry));
      }
      if (entry.type() != EntryType::decision && entry.type() != EntryType::counted) return;
      EntryFilter own = filter;
      if (entry.type() == EntryType::counted && own.verdict == "deny") own.verdict.clear();
      if (!matches(own, entry, who)) return;
      Statement statement = read_statement(entry);
      if (who != nullptr) statement.who = std::make_shared<const SessionFacts>(*who);
      found[entry.index()] = std::move(statement);
    });
    std::vector<std::string> told;
    for (auto& [index, statement] : found) {
      bool has_state = sqlstate.empty() || statement.sqlstate == sqlstate;
      for (const auto& outcome : statement.outcomes) has_state = has_state || outcome.sqlstate == sqlstate;
      if (statement.parsed_at) statement.text = texts[*statement.parsed_at];
      if (has_state) told.push_back(tell(statement));
    }
    return told;
  }

  static std::string tell(const Statement& statement) {
    std::string out = std::to_string(statement.index) + ' ' + statement.owner() + ' ' +
                      (statement.who ? std::to_string(statement.who->index) : "-") + ' ' +
                      std::string(statement.result()) + '[';
    for (const auto& outcome : statement.outcomes) out += std::to_string(outcome.index) + ' ';
    return out + "] " + statement.full_text().substr(0, 40);
  }

 private:
  const std::vector<std::string>& lines_;
};

EntryFilter some_filter(RandomLog& log) {
  EntryFilter filter;
  for (int i = 1 + log.below(3); i > 0; --i) {
    switch (log.below(16)) {
      case 0: filter.agent = log.one_of(RandomLog::kAgents); break;
      case 1: filter.owner = log.one_of(RandomLog::kOwners); break;
      case 2: filter.login = log.one_of(RandomLog::kAgents) + "_login"; break;
      case 3: filter.table = log.one_of(RandomLog::kTables); break;
      case 4: filter.table = "app.*"; break;
      case 5:
        filter.table = log.one_of(RandomLog::kTables);
        filter.column = log.one_of(RandomLog::kColumns);
        break;
      case 6: filter.action = log.one_of(RandomLog::kActions); break;
      case 7:
        filter.action = log.one_of(RandomLog::kActions);
        filter.direct = true;
        break;
      case 8: filter.verdict = log.one_of(RandomLog::kVerdicts); break;
      case 9: filter.rule = log.one_of(RandomLog::kRules); break;
      case 10: filter.kind = log.below(2) == 0 ? "UPDATE" : "CREATE INDEX"; break;
      case 11: filter.sqlstate = log.one_of(RandomLog::kStates); break;
      case 12:
        filter.trace = log.one_of(RandomLog::kTraces);
        if (log.below(2) == 0) filter.trace = filter.trace.substr(3, 32);
        break;
      case 13: filter.session = 1 + static_cast<std::uint64_t>(log.below(20)); break;
      case 14:
        filter.since = log.some_time();
        filter.until = *filter.since + 1 + log.below(100'000'000);
        break;
      default:
        filter.from = static_cast<std::uint64_t>(log.below(log.lines().size()));
        filter.to = filter.from + static_cast<std::uint64_t>(log.below(300));
        break;
    }
  }
  return filter;
}

class ReadSearch : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(ReadSearch, FindsWhatALookAtEveryEntryFinds) {
  TemporaryDirectory directory;
  RandomLog log(directory.path(), GetParam());
  Slowly slowly(log.lines());
  std::size_t found = 0;
  for (int round = 0; round < 60; ++round) {
    ReadOptions options;
    options.filter = some_filter(log);
    if (log.below(3) == 0) options.as_of = static_cast<std::uint64_t>(log.below(log.lines().size()));
    options.texts = true;
    options.every = log.below(8) == 0;
    options.outcomes = log.below(2) == 0;
    const std::uint64_t as_of = options.as_of.value_or(log.lines().size() - 1);

    std::vector<std::string> statements;
    const auto joined = read_statements(directory.path(), options, [&](const Statement& statement) {
      statements.push_back(Slowly::tell(statement));
      return true;
    });
    ASSERT_TRUE(joined) << joined.error().message;
    ASSERT_EQ(statements, slowly.statements(options.filter, as_of)) << "seed " << GetParam() << ", " << round;
    EXPECT_EQ(joined->as_of, as_of);
    EXPECT_EQ(joined->matched, statements.size());
    found += statements.size();

    if (log.below(3) == 0) options.filter.type = EntryType(log.below(14));
    std::vector<std::uint64_t> entries;
    const auto read =
        read_entries(directory.path(), options, [&](const EntryReader& entry, const SessionFacts*) {
          entries.push_back(entry.index());
          return true;
        });
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(entries, slowly.entries(options.filter, as_of, options.outcomes))
        << "seed " << GetParam() << ", " << round;
  }
  EXPECT_GT(found, 200u);
}
INSTANTIATE_TEST_SUITE_P(Logs, ReadSearch, ::testing::Range(1u, 13u));

TEST(PrefilterTest, PassesWhateverMatches) {
  TemporaryDirectory directory;
  RandomLog log(directory.path(), 99);
  std::uint64_t passed = 0, wanted = 0;
  for (int round = 0; round < 80; ++round) {
    EntryFilter filter = some_filter(log);
    filter.owner.clear();
    filter.login.clear();
    const Prefilter prefilter(filter);
    for (const std::string& line : log.lines()) {
      EntryReader entry;
      ASSERT_FALSE(entry.read(line));
      const bool passes = prefilter.passes(line), matching = matches(filter, entry, nullptr);
      ASSERT_TRUE(passes || !matching) << line;
      ASSERT_EQ(raw_type(line), to_text(entry.type()));
      ASSERT_EQ(raw_number(line, ",\"i\":"), entry.index());
      passed += passes ? 1 : 0;
      wanted += matching ? 1 : 0;
    }
  }
  EXPECT_GT(wanted, 500u);
  EXPECT_LT(passed, 80 * log.lines().size() / 2) << "it holds nothing back";
}

// What others may write, and `verify` takes: base64 of what could stand as text.
TEST(PrefilterTest, KnowsTextsThatStandAsBase64) {
  const std::string line =
      R"({"@":"o#v1","agent_base64":"Ym90","agent_seq":1,"b":1,"e":"UhY25xiGb4E","effects":[{"action":"select","object_base64":"YXBwLm9yZGVycw==","outcome":"allow"}],"i":0,"kinds":[{"base64":"VVBEQVRF"}],"message":"Query","prev":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","session":1,"t":"decision","text_length":0,"ts":1,"verdict":"allow"})";
  EntryReader entry;
  ASSERT_FALSE(entry.read(line));
  for (const auto& filter : {EntryFilter{.agent = "bot"}, EntryFilter{.table = "app.orders"},
                             EntryFilter{.table = "app.*"}, EntryFilter{.kind = "UPDATE"}}) {
    EXPECT_TRUE(matches(filter, entry, nullptr));
    EXPECT_TRUE(Prefilter(filter).passes(line));
  }
}

TEST(LogSearchTest, FindsEveryLineAndTheEnd) {
  TemporaryDirectory directory;
  RandomLog log(directory.path(), 5);
  const auto search = LogSearch::open(directory.path());
  ASSERT_TRUE(search);
  EXPECT_GT(search->segments().size(), 1u);
  EXPECT_EQ(search->last_index().value(), log.lines().size() - 1);
  for (std::size_t i = 0; i < log.lines().size(); i += 7)
    EXPECT_EQ(search->line_of(i).value(), log.lines()[i]);
  EXPECT_EQ(search->line_of(log.lines().size()).value(), std::nullopt);
}

TEST(LogSearchTest, EndsWithTheLastWholeBatch) {
  TemporaryDirectory directory;
  Forger forger;
  forger.start();
  const std::string padding(1'000, 'x');
  for (int i = 0; i < 500; ++i) forger.add(decision(padding), false);
  forger.save(directory.path());
  EXPECT_EQ(LogSearch::open(directory.path())->last_index().value(), 1u);
  forger.add(decision("select 1")).save(directory.path());
  EXPECT_EQ(LogSearch::open(directory.path())->last_index().value(), 502u);
  EXPECT_EQ(LogSearch({}).last_index().value(), std::nullopt);
}

TEST(LogSearchTest, PassesOverMostOfWhatIsOutOfTime) {
  TemporaryDirectory directory;
  Forger forger;
  forger.start();
  std::uint64_t first = 0;
  for (int i = 0; i < 20'000; ++i) {
    forger.micros += 100'000;
    forger.add(decision("select " + std::to_string(i)));
    if (i % 5'000 != 4'999) continue;
    forger.save(directory.path(), first);
    first = forger.next_index();
    forger.begin_segment();
    forger.add(segment_draft(forger.context(), "b0"), false);
  }
  forger.add(heartbeat_draft(forger.context())).save(directory.path(), first);
  ReadOptions options;
  options.filter.since = forger.micros - 1'200'000'000;
  options.filter.until = *options.filter.since + 1'000'000;
  const auto any = [](const EntryReader&, const SessionFacts*) { return true; };
  const auto read = read_entries(directory.path(), options, any);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->matched, 10u);
  EXPECT_LT(read->scanned, 1'000u);
  options.every = true;
  EXPECT_EQ(read_entries(directory.path(), options, any)->scanned, 20'007u);
}

class ReadStatements : public ::testing::Test {
 protected:
  ReadFacts read(const ReadOptions& options = {}) {
    rows_.clear();
    const auto facts = read_statements(directory_.path(), options, [&](const Statement& statement) {
      rows_.push_back(Slowly::tell(statement));
      return true;
    });
    EXPECT_TRUE(facts) << facts.error().message;
    return facts ? *facts : ReadFacts{};
  }
  TemporaryDirectory directory_;
  Forger forger_;
  std::vector<std::string> rows_;
};

TEST_F(ReadStatements, JoinsOverTheEndOfASegmentAndNotOverThatOfAStart) {
  forger_.start().add(session("login", 1)).add(decision("select 1", 1));
  forger_.save(directory_.path());
  forger_.begin_segment();
  forger_.add(segment_draft(forger_.context(), "b0"), false).add(outcome(3, 1)).add(decision("select 2", 1));
  forger_.add(recovered_draft(forger_.context(), 0), false);
  forger_.add(open_draft(forger_.context(), "b1", "1", std::chrono::milliseconds(60'000)));
  forger_.add(decision("select 3", 1));
  forger_.save(directory_.path(), 4);
  read();
  EXPECT_EQ(rows_, (std::vector<std::string>{"3  2 ok[5 ] select 1", "6  2 unresolved[] select 2",
                                             "9  - unresolved[] select 3"}));
  // The login and the outcome stand outside of what is asked for.
  ReadOptions one;
  one.filter.from = one.filter.to = 3;
  read(one);
  EXPECT_EQ(rows_, std::vector<std::string>{"3  2 ok[5 ] select 1"});
}

TEST_F(ReadStatements, KeepsWhatWaitsLongAndSaysWhatItCouldNot) {
  forger_.start().add(session("login", 1)).add(decision("slow", 1));
  DecisionRecord bind = decision("", 1);
  bind.message = "Bind";
  const auto slow = forger_.next_index() - 1;
  const std::uint64_t more = kMostWaiting + 500;
  for (std::uint64_t i = 0; i < more; ++i) {
    const auto index = forger_.next_index();
    forger_.add(bind);
    forger_.add(outcome(index, 1));
  }
  forger_.add(outcome(slow, 1)).save(directory_.path());
  const auto facts = read();
  EXPECT_EQ(facts.matched, more + 1);
  // The first waits on beside the others, and has its outcome; of a Bind, more could have followed.
  const auto found =
      std::find_if(rows_.begin(), rows_.end(), [](const std::string& row) { return row.ends_with("slow"); });
  ASSERT_NE(found, rows_.end());
  EXPECT_NE(found->find(" ok["), std::string::npos) << *found;
  EXPECT_GT(facts.cut_short, 0u);
  EXPECT_LE(facts.cut_short, 501u);
}

TEST_F(ReadStatements, RefusesAnEndThatTheLogDoesNotHave) {
  forger_.start().save(directory_.path());
  ReadOptions options;
  options.as_of = 2;
  const auto read = read_statements(directory_.path(), options, [](const Statement&) { return true; });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, base::sqlstate::invalid_parameter_value);
  EXPECT_NE(read.error().message.find("its last one is 1"), std::string::npos);
}

}  // namespace
}  // namespace portcullis::audit
