// A Query that waits for its dry run: what may happen meanwhile.
#include "dry_run_fixture.hpp"

namespace portcullis::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using DryRunWaiting = DryRunFixture;

TEST_F(DryRunWaiting, AnotherBasisMeanwhileIsAskedAgain) {
  query_up_to_its_dry_run();
  judge_by(kDryRunPolicy);
  tried_out();
  EXPECT_TRUE(relay.wants_dry_run());
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_THAT(recorded(), IsEmpty());
  tried_out();
  open_bracket();
  EXPECT_THAT(sent_to_server(), StartsWith("Q("));
  EXPECT_THAT(recorded(), ElementsAre("dry_run", "allow Query"));
}

TEST_F(DryRunWaiting, ABasisThatKeepsChangingIsRefusedAfterFiveTimes) {
  query_up_to_its_dry_run();
  for (int attempt = 1; attempt < 5; ++attempt) {
    judge_by(kDryRunPolicy);
    tried_out();
    ASSERT_TRUE(relay.wants_dry_run()) << attempt;
  }
  judge_by(kDryRunPolicy);
  tried_out();
  EXPECT_THAT(refusal(), HasSubstr("what it is judged by keeps changing"));
  EXPECT_EQ(sent_to_server(), "");
  // Only that message.
  query_up_to_its_dry_run();
  judge_by(kDryRunPolicy);
  tried_out();
  EXPECT_TRUE(relay.wants_dry_run());
}

TEST_F(DryRunWaiting, APolicyThatWantsNoneAnyMoreIsJudgedByAtOnce) {
  query_up_to_its_dry_run();
  source.basis = std::make_shared<const Basis>(Basis{test_guard(), nullptr});
  tried_out();
  EXPECT_FALSE(relay.wants_dry_run());
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_THAT(recorded(), ElementsAre("deny Query"));
}

TEST_F(DryRunWaiting, TheClientMaySayMoreMeanwhileAndInPieces) {
  const std::string bytes = bytes_of(wire::Query{kAlter}, wire::Query{"select * from t"});
  for (const char byte : bytes) client(std::string_view(&byte, 1));
  answer_settings();
  EXPECT_THAT(wanted().statements, ElementsAre(kAlter));
  EXPECT_EQ(sent_to_server(), "");
  tried_out();
  open_bracket();
  EXPECT_THAT(sent_to_server(), StartsWith("Q(" + std::string(kAlter) + ")"));
  server({"C ALTER TABLE", "Z T"});
  close_bracket();
  client("");
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(DryRunWaiting, AServerThatIsLostMeanwhileIsReplacedAndAskedAnew) {
  query_up_to_its_dry_run();
  ASSERT_TRUE(relay.lose_server());
  tried_out();
  EXPECT_TRUE(relay.wants_server());
  EXPECT_EQ(sent_to_server(), "");
  relay.use_server({"app"}, "");
  source.answers = source.asked;
  ASSERT_TRUE(relay.try_basis());
  client("");
  EXPECT_FALSE(relay.wants_dry_run());
  answer_settings({{"role", "none"}, {"TimeZone", "CET"}});
  EXPECT_EQ(wanted().settings->size(), 2u);
  tried_out();
  open_bracket();
  EXPECT_EQ(sent_to_server(), "Q(" + std::string(kAlter) + ")");
}

TEST_F(DryRunWaiting, AResultThatNobodyWaitsForIsForgotten) {
  relay.give_dry_run(dry_run_of());
  query_up_to_its_dry_run();
  EXPECT_EQ(sent_to_server(), "");
}

TEST_F(DryRunWaiting, AFailedLogLetsNothingPass) {
  query_up_to_its_dry_run();
  sink.failed = base::Error{base::sqlstate::io_error, "the disk is gone"};
  tried_out();
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_THAT(error_to_client(), HasSubstr("the disk is gone"));
}

}  // namespace
}  // namespace portcullis::session
