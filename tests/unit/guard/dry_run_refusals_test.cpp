// What a dry run has shown, held against every bound of a duty.
#include "dry_run_samples.hpp"
#include "portcullis/guard/verdict.hpp"

namespace portcullis::guard {
namespace {

constexpr std::string_view kStart = "portcullis: denied by \"tried\": ";

// --- the bounds

TEST(DryRunRefusals, WithoutABoundRefuseNothingThatRuns) {
  auto relation = orders(LockMode::access_exclusive);
  relation.is_rewritten = relation.is_scanned = true;
  auto statement = report_of({relation});
  statement.forecast = Error{base::sqlstate::insufficient_privilege, "nobody may look"};
  Report report;
  report.left_out = {"event trigger t"};
  EXPECT_EQ(denial(tried(), statement, report), "nothing");
}

TEST(DryRunRefusals, SayThatItHelpsToTryAgain) {
  policy::DryRunDuty duty;
  duty.rule = "grow";
  const auto later =
      not_tried_out(duty, base::Error{base::sqlstate::cannot_connect_now, "it keeps changing"});
  EXPECT_EQ(later.code.view(), "57P03");
  EXPECT_EQ(later.message, "portcullis: denied by \"grow\": it was not tried out: it keeps changing.");
  EXPECT_EQ(not_tried_out(duty, base::Error{base::sqlstate::io_error, "no copy"}).code.view(), "42501");
}

TEST(DryRunRefusals, NameTheLockThatIsTooStrong) {
  const auto statement = report_of({orders(LockMode::share_row_exclusive)});
  EXPECT_EQ(denial(locks_at_most(LockMode::share_row_exclusive), statement), "nothing");
  EXPECT_EQ(denial(locks_at_most(LockMode::share), statement),
            "portcullis: denied by \"lock\": it locks app.orders in SHARE ROW EXCLUSIVE mode, and SHARE is "
            "the strongest allowed, which a dry run has shown; nothing was sent.");
}

TEST(DryRunRefusals, LookAtEveryRelationAndLock) {
  auto second = orders(LockMode::row_exclusive);
  second.name = "lines";
  second.locks.add(LockMode::access_exclusive);
  second.locks.add(LockMode::access_share);
  EXPECT_THAT(denial(locks_at_most(LockMode::exclusive), report_of({orders(), second})),
              HasSubstr("it locks app.lines in ACCESS EXCLUSIVE mode"));
}

TEST(DryRunRefusals, RefuseWhatIsWrittenAnew) {
  auto duty = tried();
  duty.no_rewrite = "rewrite";
  auto relation = orders();
  relation.is_scanned = true;
  EXPECT_EQ(denial(duty, report_of({relation})), "nothing");
  relation.is_rewritten = true;
  EXPECT_EQ(
      denial(duty, report_of({orders(), relation})),
      "portcullis: denied by \"rewrite\": it writes app.orders anew, which a dry run has shown; nothing "
      "was sent.");
}

TEST(DryRunRefusals, RefuseWhatIsReadWhole) {
  auto duty = tried();
  duty.no_full_scan = "scan";
  auto relation = orders();
  relation.is_rewritten = true;
  EXPECT_EQ(denial(duty, report_of({relation})), "nothing");
  relation.is_scanned = true;
  EXPECT_EQ(denial(duty, report_of({relation})),
            "portcullis: denied by \"scan\": it reads all of app.orders, which a dry run has shown; nothing "
            "was sent.");
}

TEST(DryRunRefusals, DoNotHoldNewRelationsAgainstABound) {
  auto duty = locks_at_most(LockMode::access_share);
  duty.no_rewrite = duty.no_full_scan = "none";
  auto made = orders(LockMode::access_exclusive);
  made.is_rewritten = made.is_scanned = made.is_new = true;
  EXPECT_EQ(denial(duty, report_of({made})), "nothing");
  made.is_new = false;
  EXPECT_NE(denial(duty, report_of({made})), "nothing");
}

TEST(DryRunRefusals, ARelationWithoutALockIsNotOverIt) {
  RelationFacts held_before;
  held_before.name = "orders";
  EXPECT_EQ(denial(locks_at_most(LockMode::access_share), report_of({held_before})), "nothing");
}

TEST(DryRunRefusals, RefuseWhatIsEstimatedToTakeLonger) {
  EXPECT_EQ(denial(within(DurationClass::up_to_10s), report_of()), "nothing");
  EXPECT_EQ(denial(within(DurationClass::under_1s), report_of()),
            "portcullis: denied by \"time\": it is estimated to take 1-10 s (reads 149 MiB): "
            "\"max_duration\" is under 1 s; nothing was sent.");
}

TEST(DryRunRefusals, RefuseADurationThatNobodyKnowsWhateverTheBound) {
  auto statement = report_of();
  statement.forecast->duration.reset();
  statement.forecast->basis = "it works on rows";
  EXPECT_EQ(denial(within(DurationClass::hours), statement),
            "portcullis: denied by \"time\": how long it takes is not known, for it works on rows: "
            "\"max_duration\" is hours; nothing was sent.");
  statement.forecast = Error{base::sqlstate::io_error, "the database is gone"};
  EXPECT_THAT(denial(within(DurationClass::hours), statement),
              HasSubstr("not known, for its sizes could not be asked: "));
}

TEST(DryRunRefusals, RefuseWhatChangesMoreRows) {
  auto statement = report_of();
  statement.rows = rows_counted(100);
  EXPECT_EQ(denial(of_rows_at_most(100), statement), "nothing");
  statement.rows = rows_counted(100, true);
  EXPECT_EQ(
      denial(of_rows_at_most(100), statement),
      "portcullis: denied by \"rows\": it would change more than 100 rows, which production's rows have "
      "shown; nothing was sent. Change them in smaller parts.");
  statement.rows = rows_counted(2);
  statement.rows->basis = shadow::RowCount::Basis::written;
  EXPECT_THAT(denial(of_rows_at_most(1), statement),
              HasSubstr("more than 1 row, which its text says; nothing was sent."));
}

TEST(DryRunRefusals, RefuseRowsThatNobodyCounted) {
  auto statement = report_of();
  EXPECT_THAT(denial(of_rows_at_most(1'000), statement), HasSubstr("is not known, for nobody asked: "));
  statement.rows.emplace().why = "its trigger stamp may change other rows";
  EXPECT_EQ(
      denial(of_rows_at_most(1'000), statement),
      "portcullis: denied by \"rows\": how many rows it changes is not known, for its trigger stamp may "
      "change other rows: \"rows\" is 1000; nothing was sent. Send an INSERT, UPDATE or DELETE of one "
      "table whose rows can be counted before.");
}

TEST(DryRunRefusals, WhoeverBreaksAnotherBoundLearnsNothingOfRows) {
  auto duty = of_rows_at_most(1);
  duty.max_lock = {LockMode::share, "lock"};
  auto statement = report_of({orders(LockMode::exclusive)});
  statement.rows = rows_counted(1, true);
  EXPECT_THAT(denial(duty, statement), AllOf(HasSubstr("locks app.orders"), Not(HasSubstr("row"))));
}

TEST(DryRunRefusals, RefuseWhatACopyWithGapsHasShown) {
  Report report;
  EXPECT_EQ(denial(in_a_whole_copy(), report_of(), report), "nothing");
  report.left_out = {"event trigger audit"};
  // Which object of the database it is, agents are not told.
  EXPECT_THAT(denial(in_a_whole_copy(), report_of(), report),
              AllOf(HasSubstr("lacks something of the database"), HasSubstr("\"incomplete\": true"),
                    Not(HasSubstr("event trigger"))));
  EXPECT_EQ(denial(tried(), report_of(), report), "nothing");
}

// --- what fails, or may

TEST(DryRunRefusals, GiveAFailureInTheDatabasesOwnWords) {
  auto statement = report_of();
  Error failure(base::SqlState("42701"), "column \"note\" exists already");
  failure.detail = "its detail";
  failure.hint = "its hint";
  failure.position = 7;
  statement.facts.failure = failure;
  const auto refusal = dry_run_refusal(tried(), statement, {});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code.view(), "42701");
  EXPECT_EQ(refusal->message,
            "portcullis: refused by \"tried\", for its dry run fails: column \"note\" exists already.");
  EXPECT_EQ(refusal->detail, "its detail");
  EXPECT_EQ(refusal->hint, "its hint");
  EXPECT_FALSE(refusal->position);  // the text that it counts in is not all that the agent sent
}

TEST(DryRunRefusals, EndInOneFullStop) {
  auto statement = report_of();
  statement.facts.failure = Error(base::SqlState("P0001"), "no.");
  EXPECT_THAT(dry_run_refusal(tried(), statement, {})->message, ::testing::EndsWith("fails: no."));
}

TEST(DryRunRefusals, RefuseWhatFailsByRowsThatTheDatabaseHolds) {
  auto statement = report_of();
  Probe probe;
  probe.question = "rows of app.orders whose note is null";
  probe.violated = base::SqlState("23502");
  probe.answer = Probe::Answer::violates;
  statement.probes = {probe};
  const auto refusal = dry_run_refusal(tried(), statement, {});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code.view(), "23502");
  EXPECT_EQ(refusal->message,
            "portcullis: refused by \"tried\", for its dry run fails: the database holds rows of app.orders "
            "whose note is null.");
}

TEST(DryRunRefusals, DoNotLetPassWhatNobodyCouldFindOut) {
  auto statement = report_of();
  Probe probe;
  probe.question = "rows that are null";
  probe.violated = base::SqlState("23502");
  probe.answer = Probe::Answer::passes;
  statement.probes = {probe};
  EXPECT_FALSE(dry_run_refusal(tried(), statement, {}));
  probe.answer = Probe::Answer::unknown;
  probe.why = "canceling statement due to statement timeout";
  statement.probes.push_back(probe);
  const auto refusal = dry_run_refusal(tried(), statement, {});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code.view(), "23502");
  EXPECT_EQ(refusal->detail, probe.why);
  EXPECT_THAT(refusal->message, HasSubstr("for it may fail, and nobody could find out: "));
}

TEST(DryRunRefusals, AFailureOnMadeUpRowsThatStaysIsNotTheDatabasesAnswer) {
  auto statement = report_of();
  statement.facts.failure = Error(base::SqlState("23503"), "no such parent");
  statement.facts.on_made_up_rows = Error(base::SqlState("22003"), "out of range");
  EXPECT_THAT(dry_run_refusal(tried(), statement, {})->message, HasSubstr("may fail, and nobody could"));
}

TEST(DryRunRefusals, RefuseWhatWasNotTriedOut) {
  auto statement = report_of();
  statement.not_tried = Error{base::sqlstate::feature_not_supported, "its effects are opaque"};
  EXPECT_EQ(denial(tried(), statement),
            std::string(kStart) + "it was not tried out: its effects are opaque.");
}

// --- before it is tried out

TEST(DryRunRefusals, TheVerdictForProgramsShowsWhatMustBeTriedOut) {
  Verdict verdict;
  verdict.outcome = verdict.decision.outcome = policy::Outcome::allow;
  auto bounded = locks_at_most(LockMode::share);
  bounded.max_duration = {DurationClass::minutes, "time"};
  bounded.max_rows = {100, "rows"};
  bounded.no_rewrite = bounded.no_full_scan = bounded.whole_copy = "tried";
  verdict.dry_runs = {tried(), DryRunDuty{}, bounded};
  EXPECT_EQ(to_json(verdict, -1),
            R"({"verdict":"allow","effects":[],"dry_run":[{"rule":"tried","incomplete":true},)"
            R"({"rule":"tried","incomplete":false,"max_lock":"SHARE","max_duration":"minutes",)"
            R"("rows":100,"rewrite":false,"full_scan":false}]})");
  verdict.dry_runs = {DryRunDuty{}};
  EXPECT_THAT(to_json(verdict, -1), Not(HasSubstr("dry_run")));
}

}  // namespace
}  // namespace portcullis::guard
