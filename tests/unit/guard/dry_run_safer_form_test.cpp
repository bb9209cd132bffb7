// The safer form of a statement that its dry run refuses, in the words of the refusal.
#include "dry_run_samples.hpp"
#include "portcullis/guard/verdict.hpp"

namespace portcullis::guard {
namespace {

StatementReport with_steps(std::vector<shadow::SaferStep> steps) {
  auto statement = report_of({orders(LockMode::share)});
  statement.safer = shadow::SaferForm{"it locks", std::move(steps)};
  return statement;
}

TEST(DryRunSaferForm, EndWithTheSaferFormAndTellItsStepsInTheHint) {
  const auto statement =
      with_steps({{"CREATE INDEX CONCURRENTLY i ON app.orders (a)", "while others write", ""},
                  {"", "look at it", ""},
                  {"ANALYZE app.orders", "at last", ""}});
  const auto refusal = dry_run_refusal(locks_at_most(LockMode::row_exclusive), statement, {});
  ASSERT_TRUE(refusal);
  EXPECT_THAT(
      refusal->message,
      ::testing::EndsWith(
          "nothing was sent. Safer: CREATE INDEX CONCURRENTLY i ON app.orders (a); ANALYZE app.orders."));
  EXPECT_EQ(refusal->hint,
            "CREATE INDEX CONCURRENTLY i ON app.orders (a) -- while others write\nlook at it\n"
            "ANALYZE app.orders -- at last\n");
  EXPECT_THAT(with_record(*refusal, 12).message,
              HasSubstr("nothing was sent. Record 12. Safer: CREATE INDEX CONCURRENTLY"));
}

TEST(DryRunSaferForm, ARecordGoesBeforeTheSaferFormWhateverNamesInQuotesSay) {
  auto duty = locks_at_most(LockMode::row_exclusive);
  duty.max_lock->rule = "a Safer: b";
  const auto refusal = dry_run_refusal(duty, with_steps({{"ANALYZE \"x Safer: y\"", "", ""}}), {});
  ASSERT_TRUE(refusal);
  const auto message = with_record(*refusal, 12).message;
  EXPECT_THAT(message, ::testing::StartsWith("portcullis: denied by \"a Safer: b\": it locks"));
  EXPECT_THAT(message, ::testing::EndsWith("sent. Record 12. Safer: ANALYZE \"x Safer: y\"."));
}

TEST(DryRunSaferForm, LeaveOutASaferFormThatNobodyWouldReadOrThatIsNoStatement) {
  for (const auto& sql : {std::string(700, 'x'), std::string()}) {
    const auto refusal =
        dry_run_refusal(locks_at_most(LockMode::row_exclusive), with_steps({{sql, "why", ""}}), {});
    ASSERT_TRUE(refusal);
    EXPECT_THAT(refusal->message, ::testing::EndsWith("nothing was sent."));
    EXPECT_EQ(refusal->hint, "");
  }
}

TEST(DryRunSaferForm, OfferNoSaferFormForWhatFails) {
  auto statement = with_steps({{"ANALYZE app.orders", "", ""}});
  statement.facts.failure = Error(base::SqlState("42701"), "exists");
  EXPECT_THAT(dry_run_refusal(locks_at_most(LockMode::row_exclusive), statement, {})->message,
              Not(HasSubstr("Safer:")));
}

}  // namespace
}  // namespace portcullis::guard
