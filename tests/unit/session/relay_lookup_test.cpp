// Where names are looked up is asked of the server whenever it may have moved, and at no other time.
#include "relay_fixture.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::session {
namespace {

using Lines = std::vector<std::string>;
using ::testing::HasSubstr;

class RelayLookupTest : public RelayFixture {
 protected:
  void run(std::string_view text, const std::string& tag, char status = 'I') {
    client(bytes_of(wire::Query{text}));
    server({"C " + tag, std::string("Z ") + status});
    (void)sent_to_server();
    (void)sent_to_client();
  }
  std::string extended(std::string_view text) {
    return bytes_of(wire::Parse{"", text, {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0});
  }
};

TEST_F(RelayLookupTest, ASettingThatMovesItIsFollowedByAQuestion) {
  run("set search_path = app", "SET");
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas();
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
  EXPECT_EQ(sent_to_client(), "");
  server({"C SELECT 0", "Z I"});
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(RelayLookupTest, TheAnswerIsWhatNamesAreJudgedBy) {
  run("reset search_path", "RESET");
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas({"other"});
  EXPECT_EQ(sink.told().back(), "deny Query 42501");
  EXPECT_EQ(sent_to_client(), "E(42501) Z(I)");
}

// PostgreSQL 13 reports a setting that the request sets to what it was.
TEST_F(RelayLookupTest, TheQuestionsOwnSettingsAreNotTold) {
  run("reset search_path", "RESET");
  client(bytes_of(wire::Query{"select * from t"}));
  server_bytes(frame('S', std::string("standard_conforming_strings\0on\0", 31)));
  server_bytes(frame('S', std::string("TimeZone\0CET\0", 13)));
  EXPECT_EQ(relay.take_to_client(), frame('S', std::string("TimeZone\0CET\0", 13)));
  EXPECT_FALSE(relay.ended());
}

// An allowed function can set what SET may not.
TEST_F(RelayLookupTest, NothingIsJudgedWithPostgresqlsOwnSchemaBehindAnother) {
  run("reset search_path", "RESET");
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas({"app", "pg_catalog"});
  EXPECT_EQ(sink.told().back(), "deny Query 0A000");
  EXPECT_EQ(sent_to_client(), "E(0A000) Z(I)");
}

// PostgreSQL prepares one statement alone; nobody shall have to count on that.
TEST_F(RelayLookupTest, InOneTextNamesBehindAMoveAreRefusedInAParseToo) {
  client(bytes_of(wire::Parse{"", "set search_path = app; select * from t", {}}, wire::Sync{}));
  EXPECT_EQ(sink.told().back(), "deny Parse 0A000");
  EXPECT_THAT(sent_to_server(), HasSubstr("PORTCULLIS_DENIED"));
}

TEST_F(RelayLookupTest, NothingIsAskedBeforeTheMoveIsAnswered) {
  client(bytes_of(wire::Query{"set search_path = app"}, wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "Q(set search_path = app)");
  EXPECT_TRUE(relay.waits_for_server());
  server({"C SET", "Z I"});
  client("");
  answer_schemas({"app"});
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

// The server would skip the question up to the question's own Sync, which would end the client's pipeline.
TEST_F(RelayLookupTest, NothingIsAskedWhileTheServerSkipsToSync) {
  client(extended("reset search_path") + bytes_of(wire::Parse{"", "selec", {}}, wire::Query{"select 1"}));
  server({"1", "2", "C RESET", "E 42601"});
  (void)sent_to_server();
  (void)sent_to_client();
  client(bytes_of(wire::Query{"select 1"}, wire::Parse{"", "select * from t", {}}));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_FALSE(relay.waits_for_server());
  client(bytes_of(wire::Sync{}, wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  client("");
  answer_schemas({"other"});
  EXPECT_EQ(sink.told().back(), "deny Query 42501");
  server({"E 42601", "Z I"});
  EXPECT_EQ(sent_to_client(), "Z(I) E(42501) Z(I)");
}

// The session may be writing when the answer comes: nobody else tells it to give the bytes again.
TEST_F(RelayLookupTest, BytesThatWereHeldUpAreAskedForAgain) {
  client(bytes_of(wire::Query{"reset search_path"}));
  server({"C RESET", "Z I"});
  EXPECT_FALSE(relay.may_go_on());
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_TRUE(relay.waits_for_server());
  EXPECT_FALSE(relay.may_go_on());
  (void)relay.take_to_server();
  server_bytes(schemas_answer({"app"}, 'I', false));
  EXPECT_FALSE(relay.waits_for_server());
  EXPECT_TRUE(relay.may_go_on());
  client("");
  EXPECT_FALSE(relay.may_go_on());
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(RelayLookupTest, WhatWaitsForQuietGoesOnWhenThereIsQuiet) {
  client(bytes_of(wire::Query{"reset search_path"}, wire::Query{"select * from t"}));
  EXPECT_TRUE(relay.waits_for_server());
  server({"C RESET", "Z I"});
  EXPECT_TRUE(relay.may_go_on());
}

// It is skipped with all that stands behind the error.
TEST_F(RelayLookupTest, AMoveThatIsSkippedIsNotWaitedFor) {
  client(
      bytes_of(wire::Parse{"", "selec", {}}, wire::Query{"set search_path = app"}, wire::Query{"select 1"}));
  EXPECT_TRUE(relay.waits_for_server());
  server({"E 42601"});
  EXPECT_FALSE(relay.waits_for_server());
  (void)sent_to_server();
  client("");
  client(bytes_of(wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "E(42601) Z(I)");
  EXPECT_TRUE(relay.idle());
}

TEST_F(RelayLookupTest, AMoveThatFailedIsNone) {
  client(bytes_of(wire::Query{"set search_path = app"}));
  server({"E 42501", "Z I"});
  (void)sent_to_server();
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(RelayLookupTest, ATransactionThatMovedItIsFollowedThroughItsRollback) {
  open_transaction();
  run("set local search_path = app", "SET", 'T');
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas({"app"}, 'T');
  server({"C SELECT 0", "Z T"});
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
  run("rollback", "ROLLBACK");
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas({"app"});
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

// What DECLARE was judged for may call functions, and these run now.
TEST_F(RelayLookupTest, InATransactionThatMovedItACursorThatGoesOnMayMoveItAgain) {
  open_transaction();
  run("set local search_path = app", "SET", 'T');
  client(bytes_of(wire::Query{"declare c cursor for select * from t"}));
  answer_schemas({"app"}, 'T');
  server({"C DECLARE CURSOR", "Z T"});
  (void)sent_to_server();
  run("fetch c", "FETCH 1", 'T');
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas({"app"}, 'T');
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

// It may have committed what it did before.
TEST_F(RelayLookupTest, AProcedureThatFailedMayHaveMovedIt) {
  run("call app.p()", "CALL");
  client(bytes_of(wire::Query{"call app.p()"}));
  answer_schemas();
  server({"E P0001", "Z I"});
  (void)sent_to_server();
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas();
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
  server({"C SELECT 0", "Z I"});
  client(extended("call app.p()") + bytes_of(wire::Sync{}));
  client("");  // what stands behind a change of the catalog is looked at once that is sent
  server({"1", "2", "E P0001", "Z I"});
  (void)sent_to_server();
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas();
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(RelayLookupTest, InAFailedTransactionNothingIsAsked) {
  open_transaction();
  client(bytes_of(wire::Query{"set local search_path = app; select * from t"}));
  EXPECT_EQ(sink.told().back(), "deny Query 0A000");
  server({"E 42601", "Z E"});
  run("rollback to s", "ROLLBACK", 'T');
  EXPECT_FALSE(relay.waits_for_server());
}

TEST_F(RelayLookupTest, WithinAPipelineWhatHangsOnItIsRefused) {
  client(extended("set search_path = app") + extended("select * from t") + bytes_of(wire::Sync{}));
  EXPECT_THAT(sink.told(), ::testing::Contains("deny Parse 0A000"));
  server({"1", "2", "C SET", "E 42601", "Z I"});
  EXPECT_EQ(sent_to_client(), "1 2 C(SET) E(0A000) Z(I)");
  (void)sent_to_server();
  client(extended("select * from t") + bytes_of(wire::Sync{}));
  answer_schemas({"app"});
  EXPECT_EQ(sent_to_server(), "P(,select * from t) B(,) E() S");
}

TEST_F(RelayLookupTest, AQuestionThatFailsRefusesOneMessageAndIsAskedAgain) {
  run("set search_path = app", "SET");
  client(bytes_of(wire::Query{"select * from t"}));
  (void)sent_to_server();
  server({"3", "3", "1", "2", "E 57014", "Z I"});
  client("");
  EXPECT_EQ(sent_to_client(), "E(57014) Z(I)");
  EXPECT_EQ(sink.told().back(), "deny Query 57014");
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas({"app"});
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(RelayLookupTest, WhatUsesNoNamesNeedsNoAnswer) {
  run("set search_path = app", "SET");
  client(bytes_of(wire::Query{"commit"}));
  (void)sent_to_server();
  server({"3", "3", "1", "2", "E 57014", "Z I"});
  client("");
  EXPECT_EQ(sent_to_server(), "Q(commit)");
}

TEST_F(RelayLookupTest, AnAnswerOutOfOrderEndsTheSession) {
  run("set search_path = app", "SET");
  client(bytes_of(wire::Query{"select * from t"}));
  server({"C SELECT 1", "C SELECT 1", "C SELECT 1"});
  EXPECT_TRUE(relay.ended());
  EXPECT_THAT(relay.end_reason(), HasSubstr("out of order"));
}

TEST_F(RelayLookupTest, NotificationsAreForTheClientAlsoThen) {
  run("set search_path = app", "SET");
  client(bytes_of(wire::Query{"select * from t"}));
  server({"A", "S search_path"});
  EXPECT_EQ(sent_to_client().substr(0, 1), "A");
}

TEST_F(RelayLookupTest, AFatalErrorThenIsToldToTheClient) {
  run("set search_path = app", "SET");
  client(bytes_of(wire::Query{"select * from t"}));
  std::string body("SFATAL\0VFATAL\0C57P01\0Mbye\0\0", 27);
  server_bytes(frame('E', body));
  EXPECT_EQ(sent_to_client(), "E(57P01)");
}

TEST_F(RelayLookupTest, OwnNamesOfPostgresqlMustLead) {
  run("set search_path = app", "SET");
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas({"app", "pg_catalog"});
  EXPECT_EQ(sent_to_client(), "E(0A000) Z(I)");
  run("reset search_path", "RESET");
  client(bytes_of(wire::Query{"select 1 + 1"}));
  answer_schemas({"pg_temp_3", "pg_catalog", "app"});
  EXPECT_EQ(sent_to_server(), "Q(select 1 + 1)");
}

// A client that never sends Sync gives no moment to ask.
TEST_F(RelayLookupTest, ACatalogThatIsNewWithinAPipelineCannotBeFollowed) {
  client(bytes_of(wire::Parse{"", "select * from t", {}}));
  EXPECT_EQ(sink.told().back(), "allow Parse");
  catalog::testing::MakeSnapshot make;
  make.table("app.t", {"id int4"});
  source.basis = std::make_shared<const Basis>(Basis{test_guard(), make.build()});
  client(bytes_of(wire::Parse{"", "select * from t", {}}));
  EXPECT_EQ(sink.told().back(), "deny Parse 0A000");
}

TEST_F(RelayLookupTest, ANewCatalogMayMeanOtherSchemas) {
  catalog::testing::MakeSnapshot make;
  make.table("app.t", {"id int4"});
  source.basis = std::make_shared<const Basis>(Basis{test_guard(), make.build()});
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas();
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

// It must be the first of its transaction, and a question of the gate's would be that.
TEST_F(RelayLookupTest, NothingIsAskedBeforeSetTransaction) {
  run("begin", "BEGIN", 'T');
  catalog::testing::MakeSnapshot make;
  make.table("app.t", {"id int4"});
  source.basis = std::make_shared<const Basis>(Basis{test_guard(), make.build()});
  const std::string set = bytes_of(wire::Query{"set transaction isolation level serializable"});
  client(set.substr(0, 9));
  EXPECT_EQ(sent_to_server(), "");
  client(set.substr(9));
  EXPECT_EQ(sent_to_server(), "Q(set transaction isolation level serializable)");
  server({"C SET", "Z T"});
  client(bytes_of(wire::Parse{"", "set transaction read only", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}, wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "P(,set transaction read only) B(,) E() S");
  server({"1", "2", "C SET", "Z T"});
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas({"app"}, 'T');
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(RelayLookupTest, NorWhereTheTransactionHasMovedThem) {
  client(bytes_of(wire::Parse{"s", "set transaction read only", {}}, wire::Sync{}));
  server({"1", "Z I"});
  run("begin", "BEGIN", 'T');
  run("set local search_path = app", "SET", 'T');
  client(bytes_of(wire::Query{"set transaction isolation level serializable"}));
  EXPECT_EQ(sent_to_server(), "Q(set transaction isolation level serializable)");
  server({"C SET", "Z T"});
  client(bytes_of(wire::Bind{"", "s", {}, {}, {}}, wire::Execute{"", 0}, wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "B(,s) E() S");
}

// What follows in the pipeline could not be asked about any more.
TEST_F(RelayLookupTest, APipelineThatBeginsWithAnythingElseIsAskedAboutAtItsBeginning) {
  run("begin", "BEGIN", 'T');
  catalog::testing::MakeSnapshot make;
  make.table("app.t", {"id int4"});
  source.basis = std::make_shared<const Basis>(Basis{test_guard(), make.build()});
  client(extended("savepoint s") + extended("select * from t") + bytes_of(wire::Sync{}));
  answer_schemas({"app"}, 'T');
  EXPECT_EQ(sent_to_server(), "P(,savepoint s) B(,) E() P(,select * from t) B(,) E() S");
}

}  // namespace
}  // namespace portcullis::session
