// Parse, Bind and Execute of what must be tried out: the Bind is, with its parameters.
#include "dry_run_fixture.hpp"

namespace portcullis::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kUpdate = "update t set a = $1 where b = $2";

class DryRunBind : public DryRunFixture {
 protected:
  std::string execute() { return bytes_of(wire::Execute{"", 0}); }
  std::string sync() { return bytes_of(wire::Sync{}); }
  // What stands behind a change of the catalog is read when that was sent.
  void send(std::string_view bytes) {
    client(bytes);
    client("");
  }
  // Up to the Bind's dry run, its Parse sent.
  void bind_up_to_its_dry_run(std::string_view text = kAlter) {
    client(parse(text) + bind());
    answer_settings();
    ASSERT_TRUE(relay.wants_dry_run());
    ASSERT_THAT(sent_to_server(), StartsWith("P(s,"));
  }
};

TEST_F(DryRunBind, AParseAloneWantsNoRun) {
  client(parse(kAlter) + sync());
  answer_settings();
  EXPECT_FALSE(relay.wants_dry_run());
  EXPECT_EQ(sent_to_server(), "P(s," + std::string(kAlter) + ") S");
  EXPECT_THAT(recorded(), ElementsAre("allow Parse"));
}

TEST_F(DryRunBind, ABindWantsOneAndIsNotSentBefore) {
  bind_up_to_its_dry_run();
  EXPECT_THAT(wanted().statements, ElementsAre(kAlter));
  EXPECT_FALSE(wanted().parameters);
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_THAT(recorded(), ElementsAre("allow Parse"));
  tried_out();
  EXPECT_EQ(sent_to_server(), "B(,s)");
  EXPECT_THAT(recorded(), ElementsAre("allow Parse", "dry_run", "allow Bind"));
}

TEST_F(DryRunBind, SettingsAreNotAskedAgainBetweenParseAndExecute) {
  bind_up_to_its_dry_run();
  tried_out();
  send(execute() + sync());
  EXPECT_EQ(sent_to_server(), "B(,s) H");
  server({"1", "2"});
  open_bracket(Around::pipeline);
  EXPECT_EQ(sent_to_server(), "E() H");
  server({"C ALTER TABLE"});
  close_bracket(Around::pipeline);
  send("");
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "1 2 C(ALTER TABLE) Z(I)");
}

TEST_F(DryRunBind, ItsParametersAndTheirTypesGoWithIt) {
  constexpr std::uint32_t kInt4 = 23, kOfAUser = 16'400, kLastOwn = 16'383, kFirstOfUsers = 16'384;
  client(parse(kUpdate, {kInt4, kOfAUser, kLastOwn, kFirstOfUsers}) +
         bytes_of(wire::Bind{"", "s", {1, 0}, {std::string_view("\0\0\0\7", 4), std::nullopt}, {}}));
  answer_settings();
  const auto parameters = wanted().parameters;
  ASSERT_TRUE(parameters);
  EXPECT_THAT(parameters->types, ElementsAre(kInt4, 0, kLastOwn, 0));
  EXPECT_THAT(parameters->formats, ElementsAre(1, 0));
  EXPECT_THAT(parameters->values, ElementsAre(std::string("\0\0\0\7", 4), std::nullopt));
}

TEST_F(DryRunBind, ASecondBindWantsANewOne) {
  client(parse(kUpdate, {23, 23}) + bind({"1", "2"}));
  answer_settings();
  tried_out();
  (void)sent_to_server();
  client(bind({"1", "3"}));
  ASSERT_TRUE(wanted().parameters);
  EXPECT_THAT(wanted().parameters->values, ElementsAre("1", "3"));
  EXPECT_EQ(sent_to_server(), "");
}

TEST_F(DryRunBind, WhatItsReportRefusesFailsAtTheServerInItsPlace) {
  bind_up_to_its_dry_run();
  server({"1"});
  tried_out(dry_run_of(1, base::Error(base::SqlState("42701"), "column \"a\" exists already")));
  EXPECT_THAT(refusal_in_pipeline(), HasSubstr("its dry run fails: column \"a\" exists already."));
  client(execute() + sync());
  server({"Z I"});
  EXPECT_THAT(sent_to_server(), Not(HasSubstr("E()")));
  EXPECT_THAT(recorded(), ElementsAre("allow Parse", "dry_run", "deny Bind", "deny Execute"));
}

TEST_F(DryRunBind, BehindAnExecuteInItsPipelineItIsRefused) {
  bind_up_to_its_dry_run();
  tried_out();
  client(execute());
  EXPECT_EQ(sent_to_server(), "B(,s) H");
  server({"1", "2"});
  open_bracket(Around::pipeline);
  (void)sent_to_server();
  server({"C ALTER TABLE"});
  close_bracket(Around::pipeline);
  (void)sent_to_client();
  client(bind());
  EXPECT_THAT(refusal_in_pipeline(), HasSubstr("send a Sync before it"));
}

TEST_F(DryRunBind, BehindASyncItsSettingsAreAskedAnew) {
  bind_up_to_its_dry_run();
  tried_out();
  send(execute() + sync());
  (void)sent_to_server();
  server({"1", "2"});
  open_bracket(Around::pipeline);
  (void)sent_to_server();
  server({"C ALTER TABLE"});
  close_bracket(Around::pipeline);
  send("");
  server({"Z I"});
  (void)sent_to_server();
  client(bind());
  answer_settings();
  EXPECT_THAT(wanted().statements, ElementsAre(kAlter));
}

TEST_F(DryRunBind, AnExecuteIsRefusedWhereTheBasisHasChangedSince) {
  bind_up_to_its_dry_run();
  tried_out();
  (void)sent_to_server();
  server({"1", "2"});
  (void)sent_to_client();
  judge_by(kDryRunPolicy);
  client(execute());
  EXPECT_THAT(refusal_in_pipeline(), HasSubstr("has changed since it was bound: bind it again"));
  EXPECT_EQ(recorded().back(), "deny Execute");
}

TEST_F(DryRunBind, WhatWasParsedBeforeItHadToBeTriedOutIsToBePreparedAgain) {
  std::string without(kDryRunPolicy);
  constexpr std::string_view kRequire = R"(, "require": ["dry run"])";
  const auto at = without.find(kRequire, without.find("fixes"));
  without.erase(at, kRequire.size());
  judge_by(without);
  client(parse("update t set a = 1") + sync());
  (void)sent_to_server();
  server({"1", "Z I"});
  (void)sent_to_client();
  judge_by(kDryRunPolicy);
  client(bind());
  EXPECT_THAT(refusal_in_pipeline(), HasSubstr("prepare it again under a new name"));
}

TEST_F(DryRunBind, ParametersThatAreTooLongAreRefused) {
  const std::string longer(1u << 21, 'x');
  client(parse(kUpdate) + bind({longer, "2"}));
  answer_settings();
  EXPECT_FALSE(relay.wants_dry_run());
  server({"1"});
  EXPECT_THAT(refusal_in_pipeline(), HasSubstr("its parameters are too long"));
}

TEST_F(DryRunBind, ItMayComeInPiecesAndWithMoreBehindIt) {
  const std::string bytes = parse(kUpdate) + bind({"1", "2"}) + execute() + sync();
  for (const char byte : bytes) client(std::string_view(&byte, 1));
  answer_settings();
  EXPECT_THAT(wanted().statements, ElementsAre(kUpdate));
  EXPECT_THAT(sent_to_server(), StartsWith("P(s,"));
  tried_out();
  EXPECT_EQ(sent_to_server(), "B(,s) E() S");
}

TEST_F(DryRunBind, AnotherBasisMeanwhileIsAskedAgain) {
  bind_up_to_its_dry_run();
  judge_by(kDryRunPolicy);
  tried_out();
  EXPECT_TRUE(relay.wants_dry_run());
  EXPECT_EQ(sent_to_server(), "");
  tried_out();
  EXPECT_EQ(sent_to_server(), "B(,s)");
}

TEST_F(DryRunBind, AServerThatIsLostMeanwhileIsNotReplacedInAPipeline) {
  bind_up_to_its_dry_run();
  EXPECT_FALSE(relay.lose_server());
  relay.close("connection lost");
  EXPECT_EQ(sent_to_server(), "");
}

}  // namespace
}  // namespace portcullis::session
