// What entries must say together, in logs whose chain holds.
#include <gtest/gtest.h>

#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

class Rules : public ::testing::Test {
 protected:
  Rules() { forger_.start(); }
  VerifyReport report() {
    forger_.save(directory_.path());
    return verify_entries(directory_.path());
  }
  // The check of the only finding, or nothing.
  std::string finding() {
    const auto found = report();
    if (found.findings.empty()) return found.result == VerifyResult::clean ? "" : "no finding";
    return found.findings.size() == 1 ? found.findings[0].check : explain(found);
  }
  Forger& add(const Record& record) { return forger_.add(record); }
  static DecisionRecord of(const std::string& message, const std::string& verdict = "allow") {
    DecisionRecord record = decision("select 1");
    record.message = message;
    record.verdict = verdict;
    return record;
  }
  Forger forger_;
  TemporaryDirectory directory_;
};

TEST_F(Rules, ADecisionMayHaveManySuspensionsAndOneEnd) {
  add(of("Execute"));  // 2
  add(outcome(2, 1, "suspended"));
  add(outcome(2, 1, "suspended"));
  add(outcome(2, 1, "ok"));
  EXPECT_EQ(finding(), "");
  add(outcome(2, 1, "suspended"));
  EXPECT_EQ(finding(), "pairs");
}

TEST_F(Rules, DecisionsOfEachAgentAreCountedWithoutAGap) {
  DecisionRecord other = of("Query");
  other.agent = "other";
  add(of("Parse")).add(other).add(of("Parse")).add(other);
  EXPECT_EQ(finding(), "");
  forger_.leave_out("other", 2).add(other);
  EXPECT_EQ(finding(), "counters");
  EXPECT_EQ(report().result, VerifyResult::tampered);
}

TEST_F(Rules, ADecisionNamesAPolicyThatCameIntoForce) {
  DecisionRecord judged = of("Parse");
  judged.policy_hash = sha256_hex("{}");
  add(PolicyRecord{"main", sha256_hex("{}"), "{}"})
      .add(PolicyRecord{"other", sha256_hex("[]"), "[]"})
      .add(judged);
  EXPECT_EQ(finding(), "");
  forger_.add(close_draft(forger_.context())).add(open_draft(forger_.context(), "b1", "1", kHeartbeat));
  judged.agent = "other";
  add(judged);
  EXPECT_EQ(finding(), "policy");
  EXPECT_EQ(report().result, VerifyResult::tampered);
}

TEST_F(Rules, APolicyHasTheHashOfItsBytes) {
  add(PolicyRecord{"main", sha256_hex("{}"), "{ }"});
  EXPECT_EQ(finding(), "policy");
}

TEST_F(Rules, SilenceBeyondTheHeartbeatIsNoted) {
  forger_.micros += 64'000'000;
  add(of("Parse"));
  EXPECT_EQ(finding(), "");
  forger_.micros += 66'000'000;
  add(of("Parse"));
  EXPECT_EQ(finding(), "silence");
  EXPECT_EQ(report().result, VerifyResult::incomplete);
}

TEST_F(Rules, SilenceBetweenTwoStartsIsNone) {
  forger_.add(close_draft(forger_.context()));
  forger_.micros += 3'600'000'000;
  forger_.add(open_draft(forger_.context(), "b1", "1", kHeartbeat));
  EXPECT_EQ(finding(), "");
}

TEST_F(Rules, ASecondEndIsAFinding) {
  add(of("Query"));
  add(outcome(2));
  add(outcome(2, 1, "error"));
  EXPECT_EQ(finding(), "pairs");
  EXPECT_EQ(report().result, VerifyResult::tampered);
  EXPECT_EQ(report().findings[0].index, 4u);
  EXPECT_EQ(report().findings[0].line, 5u);
}

TEST_F(Rules, AnOutcomeNeedsADecisionOfItsSession) {
  add(of("Query"));
  add(outcome(2, 5));
  EXPECT_EQ(finding(), "pairs");
}

TEST_F(Rules, AnOutcomeNeedsAnEarlierDecision) {
  add(outcome(3));
  add(of("Query"));
  EXPECT_EQ(finding(), "pairs");
}

TEST_F(Rules, AnOutcomeOfSomethingElseIsAFinding) {
  add(outcome(1));
  EXPECT_EQ(finding(), "pairs");
}

TEST_F(Rules, ARefusalHasNoOutcome) {
  add(of("Query", "deny"));
  EXPECT_EQ(finding(), "");
  add(outcome(2));
  EXPECT_EQ(finding(), "pairs");
}

// It went on to the database like what was allowed.
TEST_F(Rules, WhatWouldHaveBeenDeniedHasAnOutcome) {
  add(of("Query", "would_deny"));
  EXPECT_EQ(report().unresolved, 1u);
  add(outcome(2, 1, "ok"));
  EXPECT_EQ(finding(), "");
  add(outcome(2, 1, "ok"));
  EXPECT_EQ(finding(), "pairs");
}

TEST_F(Rules, AParseNeedsNoOutcomeAndMayHaveOne) {
  add(of("Parse"));
  add(of("Query"));
  add(outcome(3));
  EXPECT_EQ(finding(), "");
  EXPECT_EQ(report().unresolved, 0u);
  add(outcome(2, 1, "error"));
  EXPECT_EQ(finding(), "");
  add(outcome(2, 1, "error"));
  EXPECT_EQ(finding(), "pairs");
}

// Each Execute of a portal has an outcome, in any order of the portals; a client may execute one again.
TEST_F(Rules, ABindMayHaveAnyNumberOfOutcomes) {
  add(of("Bind"));
  add(of("Bind"));
  EXPECT_EQ(report().unresolved, 2u);
  add(outcome(3, 1, "suspended"));
  add(outcome(2));
  add(outcome(3));
  add(outcome(2, 1, "error"));
  add(outcome(3, 1, "skipped"));
  EXPECT_EQ(finding(), "");
  EXPECT_EQ(report().unresolved, 0u);
  add(outcome(2, 9));
  EXPECT_EQ(finding(), "pairs");
}

TEST_F(Rules, ForgetsTheOldestOfVeryManyDecisionsWithoutBlame) {
  DecisionRecord bind;
  bind.session = 1;
  bind.message = "Bind";
  bind.verdict = "allow";
  for (int i = 0; i < 50'010; ++i) forger_.add(bind, false);
  add(outcome(2));
  add(outcome(50'000));
  EXPECT_EQ(finding(), "");
  add(outcome(50'000, 2));
  EXPECT_EQ(finding(), "pairs");
}

TEST_F(Rules, SkippedStatementsOfOnePipelineEachHaveTheirOutcome) {
  for (int i = 0; i < 6; ++i) add(of(i % 2 == 0 ? "Parse" : "Execute"));
  add(outcome(2, 1, "error"));
  for (std::uint64_t i = 3; i < 8; ++i) add(outcome(i, 1, "skipped"));
  EXPECT_EQ(finding(), "");
  EXPECT_EQ(report().unresolved, 0u);
}

TEST_F(Rules, CountsStatementsWithoutAnOutcome) {
  add(of("Query"));
  add(of("Execute"));
  add(outcome(3, 1, "suspended"));
  add(of("Parse"));
  add(of("Bind"));
  EXPECT_EQ(finding(), "");
  EXPECT_EQ(report().unresolved, 2u);
  forger_.add(recovered_draft(forger_.context(), 0))
      .add(open_draft(forger_.context(), "b1", "1", kHeartbeat));
  EXPECT_EQ(report().unresolved, 2u);
  EXPECT_EQ(finding(), "");
  add(outcome(2));
  EXPECT_EQ(finding(), "pairs");
}

TEST_F(Rules, AStartNeedsAnEndOrARecoveryBeforeIt) {
  forger_.add(open_draft(forger_.context(), "b1", "1", kHeartbeat));
  EXPECT_EQ(finding(), "order");
}

TEST_F(Rules, NothingFollowsCloseButAStart) {
  forger_.add(close_draft(forger_.context()));
  EXPECT_EQ(finding(), "");
  add(decision("select 1"));
  EXPECT_EQ(finding(), "order");
}

TEST_F(Rules, AfterCloseOrRecoveredTheNextStartIsInOrder) {
  forger_.add(close_draft(forger_.context())).add(open_draft(forger_.context(), "b1", "1", kHeartbeat));
  forger_.add(recovered_draft(forger_.context(), 0))
      .add(open_draft(forger_.context(), "b2", "1", kHeartbeat));
  forger_.add(close_draft(forger_.context())).add(recovered_draft(forger_.context(), 12));
  forger_.add(open_draft(forger_.context(), "b3", "1", kHeartbeat));
  EXPECT_EQ(finding(), "");
}

TEST_F(Rules, TimeThatGoesBackWithinABootIsIncompleteEvidence) {
  forger_.micros += 50'000'000;
  add(session("login"));
  forger_.micros -= 4'000'000;
  add(session("login"));
  EXPECT_EQ(finding(), "");
  forger_.micros -= 2'000'000;
  add(session("login"));
  EXPECT_EQ(finding(), "time");
  EXPECT_EQ(report().result, VerifyResult::incomplete);
}

TEST_F(Rules, TimeMayGoBackBetweenBoots) {
  forger_.add(close_draft(forger_.context()));
  forger_.micros -= 3'600'000'000;
  forger_.add(open_draft(forger_.context(), "b1", "1", kHeartbeat));
  add(session("login"));
  EXPECT_EQ(finding(), "");
}

TEST_F(Rules, KeepsTwentyFindingsAndCountsOn) {
  for (int i = 0; i < 30; ++i) add(outcome(1));
  const auto found = report();
  EXPECT_EQ(found.findings.size(), 20u);
  EXPECT_EQ(found.outcomes, 30u);
  EXPECT_EQ(found.result, VerifyResult::tampered);
}

}  // namespace
}  // namespace portcullis::audit
