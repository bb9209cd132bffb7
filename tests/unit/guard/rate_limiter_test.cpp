#include "guard/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <stdexcept>
#include <thread>

#include "guard/limit_refusals.hpp"
#include "portcullis/guard/verdict.hpp"

namespace portcullis::guard {
namespace {

using base::SqlState;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Time = RateLimiter::Time;

const Time kStart = Time{} + hours{100};
const SqlState kNoColumn{"42703"};

policy::PolicySet policy_with(const std::string& limits, const std::string& rules = "",
                              const std::string& agents = R"("bot": {"login": "b"}, "cat": {"login": "c"})") {
  auto loaded = policy::PolicySet::load(R"({"version": 1, "name": "t", "agents": {)" + agents + R"(},
    "limits": )" + limits + R"(, "rules": [)" +
                                        rules + "]}");
  if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "policy"));
  return std::move(*loaded.policy);
}
std::string rated(const std::string& id, const std::string& rate) {
  return R"({"id": ")" + id +
         R"(", "allow": ["update"], "on": ["app.t"], "to": ["*"], "limits": {"rate": ")" + rate + "\"}}";
}

Demand some(std::uint32_t statements, std::uint32_t ddl = 0, std::vector<policy::RuleUse> rules = {}) {
  return {statements, ddl, std::move(rules), std::nullopt};
}
Demand same(std::uint64_t key) {
  return {1, 0, {}, key};
}

// What the agent reads, or "" where it is let through.
std::string said(const std::optional<base::Error>& refusal) {
  if (!refusal) return {};
  EXPECT_EQ(refusal->code, base::sqlstate::configuration_limit_exceeded) << refusal->message;
  return refusal->message;
}

TEST(RateLimiter, GivesAsMuchAsTheVolumeAndNotAByteMore) {
  RateLimiter limiter(policy_with(R"({"*": {"bytes_returned": "1KiB/10min", "rows_returned": "3/hour"}})"));
  EXPECT_TRUE(limiter.limits_volume("bot"));
  EXPECT_FALSE(limiter.give("bot", 1, 1000, kStart));
  const auto much = limiter.give("bot", 1, 25, kStart);
  ASSERT_TRUE(much);
  EXPECT_EQ(much->limit, "bytes_returned of agent bot");
  EXPECT_EQ(much->told.code, base::sqlstate::program_limit_exceeded);
  EXPECT_EQ(much->told.message,
            "portcullis: stopped by limit \"bytes_returned\" of 1KiB/10min for agent \"bot\": it is used up, "
            "there is room for more in 1 s.");
  EXPECT_FALSE(limiter.give("bot", 1, 24, kStart));  // what was refused took nothing
  EXPECT_FALSE(limiter.give("cat", 1, 1024, kStart));
  EXPECT_FALSE(limiter.give("bot", 1, 1, kStart + seconds(1)));
  const auto rows = limiter.give("bot", 1, 1, kStart + seconds(2));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->limit, "rows_returned of agent bot");
  EXPECT_FALSE(limiter.give("bot", 1, 1024, kStart + hours(1)));
}

TEST(RateLimiter, SaysOfARowThatIsLargerThanAllThatNoWaitWillDo) {
  RateLimiter limiter(policy_with(R"({"*": {"bytes_returned": "1KiB/day"}})"));
  const auto much = limiter.give("bot", 1, 1025, kStart);
  ASSERT_TRUE(much);
  EXPECT_NE(much->told.message.find("a single row of this result is larger than that"), std::string::npos);
}

TEST(RateLimiter, AVolumeIsKeptOverAReload) {
  RateLimiter limiter(policy_with(R"({"*": {"bytes_returned": "1KiB/day"}})"));
  EXPECT_FALSE(limiter.give("bot", 1, 1024, kStart));
  limiter.use(policy_with(R"({"*": {"bytes_returned": "1KiB/day", "connections": 3}})"));
  EXPECT_TRUE(limiter.give("bot", 1, 1, kStart));
  limiter.use(policy_with("{}"));
  EXPECT_FALSE(limiter.limits_volume("bot"));
  EXPECT_FALSE(limiter.give("bot", 1, 1 << 30, kStart));
}

TEST(RateLimiter, LetsEverythingThroughWithoutLimits) {
  RateLimiter limiter(policy_with("{}"));
  for (int i = 0; i < 10'000; ++i) EXPECT_FALSE(limiter.admit("bot", some(50, 50), kStart));
  limiter.failed("bot", 7, kNoColumn, kStart);
  EXPECT_FALSE(limiter.admit("bot", same(7), kStart));
}

TEST(RateLimiter, NamesTheLimitAndWhenToTryAgain) {
  RateLimiter limiter(policy_with(R"({"*": {"statements": "600/minute"}})"));
  EXPECT_EQ(said(limiter.admit("bot", some(600), kStart)), "");
  EXPECT_EQ(
      said(limiter.admit("bot", some(120), kStart)),
      "portcullis: limit \"statements\" of 600/minute for agent \"bot\" is used up: try again in 12 s.");
  EXPECT_EQ(said(limiter.admit("bot", some(1), kStart)),
            "portcullis: limit \"statements\" of 600/minute for agent \"bot\" is used up: try again in 1 s.");
  EXPECT_EQ(said(limiter.admit("bot", some(1), kStart + milliseconds{100})), "");
  EXPECT_NE(said(limiter.admit("bot", some(1), kStart + milliseconds{100})), "");
}

TEST(RateLimiter, TakesTheRecordsNumberIntoItsText) {
  RateLimiter limiter(policy_with(R"({"*": {"ddl": "1/day"}})"));
  EXPECT_EQ(said(limiter.admit("bot", some(1, 1), kStart)), "");
  const auto refusal = limiter.admit("bot", some(1, 1), kStart + hours{20});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(with_record(*refusal, 12).message,
            "portcullis: limit \"ddl\" of 1/day for agent \"bot\" is used up: try again in 4 h. Record 12.");
}

TEST(RateLimiter, SaysThatATextHasMoreThanTheLimitAllows) {
  RateLimiter limiter(policy_with(R"({"*": {"statements": "5/minute"}})"));
  EXPECT_EQ(
      said(limiter.admit("bot", some(6), kStart)),
      "portcullis: limit \"statements\" of 5/minute for agent \"bot\" is less than the 6 that this text "
      "has: send at most 5 in one text.");
  EXPECT_EQ(said(limiter.admit("bot", some(5), kStart)), "");
}

TEST(RateLimiter, CountsEachAgentOnItsOwn) {
  RateLimiter limiter(policy_with(R"({"*": {"statements": "1/minute"}})"));
  EXPECT_EQ(said(limiter.admit("bot", some(1), kStart)), "");
  EXPECT_NE(said(limiter.admit("bot", some(1), kStart)), "");
  EXPECT_EQ(said(limiter.admit("cat", some(1), kStart)), "");
}

TEST(RateLimiter, HoldsTheStrictestOfAllThatMatch) {
  RateLimiter limiter(policy_with(R"({"*": {"statements": "2/second"}, "bot": {"statements": "3/hour"}})"));
  EXPECT_EQ(said(limiter.admit("bot", some(2), kStart)), "");
  EXPECT_NE(said(limiter.admit("bot", some(1), kStart)).find("2/second"), std::string::npos);
  EXPECT_EQ(said(limiter.admit("bot", some(1), kStart + seconds{1})), "");
  const auto refusal = said(limiter.admit("bot", some(2), kStart + seconds{1}));
  EXPECT_NE(refusal.find("3/hour"), std::string::npos) << refusal;
}

TEST(RateLimiter, TakesNothingWhereOneLimitSaysNo) {
  RateLimiter limiter(
      policy_with(R"({"*": {"statements": "3/day", "ddl": "1/day"}})", rated("fix", "2/day")));
  EXPECT_EQ(said(limiter.admit("bot", some(1, 1), kStart)), "");
  EXPECT_NE(said(limiter.admit("bot", some(1, 1, {{"fix", 1}}), kStart)), "");  // ddl
  EXPECT_NE(said(limiter.admit("bot", some(1, 0, {{"fix", 3}}), kStart)), "");  // rule
  EXPECT_NE(said(limiter.admit("bot", some(3, 0, {{"fix", 1}}), kStart)), "");  // statements
  EXPECT_EQ(said(limiter.admit("bot", some(2, 0, {{"fix", 2}}), kStart)), "");
}

TEST(RateLimiter, CountsRulesById) {
  RateLimiter limiter(policy_with("{}", rated("fix", "1/hour") + "," + rated("mend", "2/hour")));
  EXPECT_EQ(said(limiter.admit("bot", some(1, 0, {{"fix", 1}, {"mend", 1}}), kStart)), "");
  EXPECT_EQ(said(limiter.admit("bot", some(1, 0, {{"fix", 1}}), kStart + minutes{20})),
            "portcullis: limit \"rate\" of rule \"fix\" of 1/hour for agent \"bot\" is used up: try again in "
            "40 min.");
  EXPECT_EQ(said(limiter.admit("bot", some(1, 0, {{"mend", 1}}), kStart)), "");
  EXPECT_EQ(said(limiter.admit("bot", some(1, 0, {{"unlimited", 9}}), kStart)), "");
}

TEST(RateLimiter, RefusesAnAgentThatThePolicyDoesNotKnow) {
  RateLimiter limiter(policy_with("{}"));
  const auto refusal = limiter.admit("stranger", some(1), kStart);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, base::sqlstate::insufficient_privilege);
  EXPECT_EQ(refusal->message, "portcullis: denied: agent \"stranger\" is not in the policy.");
  EXPECT_FALSE(limiter.open_session("stranger"));
  EXPECT_FALSE(limiter.begin_statement("stranger"));
}

// --- statements that keep failing

TEST(RateLimiter, TellsWhoRepeatsAFailureToStop) {
  RateLimiter limiter(policy_with(R"({"*": {"same_statement_failures": "3/10min"}})"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(said(limiter.admit("bot", same(7), kStart)), "");
    limiter.failed("bot", 7, kNoColumn, kStart);
  }
  EXPECT_EQ(said(limiter.admit("bot", same(7), kStart + minutes{1})),
            "portcullis: limit \"same_statement_failures\" of 3/10min for agent \"bot\": this very statement "
            "has failed 3 times, the last time with SQLSTATE 42703. Stop repeating it: find out why it fails "
            "and change it, or ask a person. It is refused for the next 9 min.");
  EXPECT_EQ(said(limiter.admit("bot", same(8), kStart)), "");
  EXPECT_EQ(said(limiter.admit("bot", some(1), kStart)), "");
  EXPECT_EQ(said(limiter.admit("cat", same(7), kStart)), "");
  EXPECT_EQ(said(limiter.admit("bot", same(7), kStart + minutes{10})), "");
}

TEST(RateLimiter, ASuccessClearsTheFailures) {
  RateLimiter limiter(policy_with(R"({"*": {"same_statement_failures": "2/hour"}})"));
  limiter.failed("bot", 7, kNoColumn, kStart);
  limiter.succeeded("bot", 7);
  limiter.failed("bot", 7, kNoColumn, kStart);
  EXPECT_EQ(said(limiter.admit("bot", same(7), kStart)), "");
  limiter.failed("bot", 7, kNoColumn, kStart);
  EXPECT_NE(said(limiter.admit("bot", same(7), kStart)), "");
  limiter.failed("stranger", 7, kNoColumn, kStart);
  limiter.succeeded("stranger", 7);
}

TEST(RateLimiter, ARefusedRepetitionTakesNoTokens) {
  RateLimiter limiter(policy_with(R"({"*": {"same_statement_failures": "1/hour", "statements": "1/hour"}})"));
  limiter.failed("bot", 7, kNoColumn, kStart);
  EXPECT_NE(said(limiter.admit("bot", same(7), kStart)), "");
  EXPECT_EQ(said(limiter.admit("bot", same(8), kStart)), "");
}

TEST(RateLimiter, NeverKeepsATransactionFromEnding) {
  RateLimiter limiter(policy_with(R"({"*": {"same_statement_failures": "1/hour", "statements": "1/hour"}})"));
  EXPECT_EQ(said(limiter.admit("bot", some(1), kStart)), "");
  limiter.failed("bot", 7, kNoColumn, kStart);
  EXPECT_EQ(said(limiter.admit("bot", {0, 0, {}, 7}, kStart)), "");
}

// --- how much at once

TEST(RateLimiter, CountsOpenSessions) {
  RateLimiter limiter(policy_with(R"({"*": {"connections": 2}})"));
  auto first = limiter.open_session("bot");
  ASSERT_TRUE(first);
  const auto second = limiter.open_session("bot");
  ASSERT_TRUE(second);
  const auto third = limiter.open_session("bot");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, base::sqlstate::too_many_connections);
  EXPECT_EQ(third.error().message,
            "too many connections for agent \"bot\": its limit \"connections\" is 2, close one first");
  EXPECT_TRUE(limiter.open_session("cat"));
  first->release();
  first->release();
  EXPECT_TRUE(limiter.open_session("bot"));
  EXPECT_TRUE(limiter.open_session("bot")) << "the slot before went with its temporary";
}

TEST(RateLimiter, CountsWhatRunsAtOnce) {
  RateLimiter limiter(policy_with(R"({"*": {"concurrent": 1}})"));
  {
    const auto running = limiter.begin_statement("bot");
    ASSERT_TRUE(running);
    const auto refused = limiter.begin_statement("bot");
    ASSERT_FALSE(refused);
    EXPECT_EQ(said(refused.error()),
              "portcullis: limit \"concurrent\" of 1 for agent \"bot\" is reached: try again when one of its "
              "sessions has finished what it runs.");
    EXPECT_TRUE(limiter.begin_statement("cat"));
  }
  EXPECT_TRUE(limiter.begin_statement("bot"));
}

TEST(RateLimiter, ASlotIsGivenBackOnce) {
  RateLimiter limiter(policy_with(R"({"*": {"concurrent": 1}})"));
  RateLimiter::Slot slot = std::move(*limiter.begin_statement("bot"));
  EXPECT_TRUE(slot.held());
  RateLimiter::Slot moved = std::move(slot);
  EXPECT_TRUE(moved.held());
  EXPECT_FALSE(limiter.begin_statement("bot"));
  moved = RateLimiter::Slot();
  EXPECT_FALSE(moved.held());
  const auto again = limiter.begin_statement("bot");
  EXPECT_TRUE(again);
  EXPECT_FALSE(limiter.begin_statement("bot"));
}

// --- another policy

TEST(RateLimiter, KeepsWhatIsLeftOfTheSameLimit) {
  RateLimiter limiter(
      policy_with(R"({"*": {"statements": "2/hour", "ddl": "1/day"}})", rated("fix", "1/day")));
  EXPECT_EQ(said(limiter.admit("bot", some(2, 1, {{"fix", 1}}), kStart)), "");
  limiter.use(policy_with(R"({"bot": {"statements": "2/60min", "ddl": "2/day"}})", rated("fix", "1/24h")));
  EXPECT_NE(said(limiter.admit("bot", some(1), kStart)), "");
  EXPECT_NE(said(limiter.admit("bot", some(0, 0, {{"fix", 1}}), kStart)), "");
  EXPECT_EQ(said(limiter.admit("bot", some(0, 2), kStart)), "") << "another limit begins full";
  limiter.use(policy_with("{}"));
  EXPECT_EQ(said(limiter.admit("bot", some(9, 9), kStart)), "");
}

TEST(RateLimiter, KeepsFailuresAndWhatIsOpen) {
  RateLimiter limiter(policy_with(R"({"*": {"same_statement_failures": "2/hour"}})"));
  limiter.failed("bot", 7, kNoColumn, kStart);
  limiter.failed("bot", 7, kNoColumn, kStart);
  const auto open = limiter.open_session("bot");
  const auto other = limiter.open_session("bot");
  limiter.use(policy_with(R"({"*": {"same_statement_failures": "2/day", "connections": 1}})"));
  EXPECT_NE(said(limiter.admit("bot", same(7), kStart + hours{2})), "");
  EXPECT_FALSE(limiter.open_session("bot"));
}

TEST(RateLimiter, AnAgentThatComesAndGoesKeepsItsSlots) {
  RateLimiter limiter(policy_with(R"({"*": {"connections": 1}})"));
  auto open = limiter.open_session("bot");
  ASSERT_TRUE(open);
  const std::string without = R"("cat": {"login": "c"})";
  limiter.use(policy_with(R"({"*": {"connections": 1}})", "", without));
  EXPECT_FALSE(limiter.open_session("bot"));
  EXPECT_TRUE(limiter.admit("bot", some(1), kStart));
  limiter.use(policy_with(R"({"*": {"connections": 1}})"));
  EXPECT_FALSE(limiter.open_session("bot"));
  open->release();
  EXPECT_TRUE(limiter.open_session("bot"));
  limiter.use(policy_with("{}", "", without));
  limiter.use(policy_with("{}"));
  EXPECT_TRUE(limiter.open_session("bot"));
}

// --- what must hold whatever happens

TEST(RateLimiterProperties, ManyThreadsGetExactlyWhatThereIs) {
  RateLimiter limiter(policy_with(R"({"*": {"statements": "1000/day", "concurrent": 3}})"));
  const auto policy = policy_with(R"({"*": {"statements": "1000/day", "concurrent": 3}})");
  std::atomic<int> admitted{0}, running{0}, most{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 6; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 500; ++i) {
          if (!limiter.admit("bot", some(1), kStart)) ++admitted;
          limiter.failed("bot", static_cast<std::uint64_t>(i), kNoColumn, kStart);
          if (t == 0 && i % 50 == 0) limiter.use(policy);
          const auto slot = limiter.begin_statement("bot");
          if (!slot) continue;
          const int now = ++running;
          for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
          --running;
        }
      });
    }
  }
  EXPECT_EQ(admitted, 1'000);
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 1);
}

// Against a model that looks back at every admission: what the limiter admits keeps all limits, and what it
// refuses could not have been admitted.
TEST(RateLimiterProperties, AdmitsWhatEveryLimitHasRoomFor) {
  const auto policy =
      policy_with(R"({"*": {"statements": "5/3s", "ddl": "2/2s"}, "bot": {"statements": "9/10s"}})",
                  rated("fix", "3/4s"));
  std::mt19937_64 dice(44);
  for (int round = 0; round < 50; ++round) {
    RateLimiter limiter(policy);
    TokenBucket five(5, seconds{3}), nine(9, seconds{10}), ddl(2, seconds{2}), fix(3, seconds{4});
    Time now = kStart;
    for (int step = 0; step < 200; ++step) {
      now += microseconds{dice() % 900'000};
      if (step % 60 == 59) limiter.use(policy);
      const auto statements = static_cast<std::uint32_t>(dice() % 4);
      const auto defining = static_cast<std::uint32_t>(dice() % (statements + 1));
      const auto ruled = static_cast<std::uint32_t>(dice() % (statements + 1));
      const auto has = [now](const TokenBucket& bucket, std::uint32_t tokens) {
        return bucket.wait_for(tokens, now) == microseconds{0};
      };
      const bool room =
          has(five, statements) && has(nine, statements) && has(ddl, defining) && has(fix, ruled);
      EXPECT_EQ(!limiter.admit("bot", some(statements, defining, {{"fix", ruled}}), now), room);
      if (!room) continue;
      EXPECT_TRUE(five.take(statements, now) && nine.take(statements, now) && ddl.take(defining, now) &&
                  fix.take(ruled, now));
    }
  }
}

TEST(WaitText, RoundsUp) {
  EXPECT_EQ(to_text(microseconds{1}), "1 s");
  EXPECT_EQ(to_text(seconds{12}), "12 s");
  EXPECT_EQ(to_text(seconds{120}), "120 s");
  EXPECT_EQ(to_text(seconds{121}), "3 min");
  EXPECT_EQ(to_text(minutes{120}), "120 min");
  EXPECT_EQ(to_text(minutes{121}), "2 h 1 min");
  EXPECT_EQ(to_text(hours{20}), "20 h");
}

}  // namespace
}  // namespace portcullis::guard
