// What the open transaction has changed in the catalog before is tried out again in front of a statement.
#include "dry_run_fixture.hpp"

namespace portcullis::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kCannotBeDoneAgain =
    "what its transaction has changed before cannot be done again";

class DryRunTransaction : public DryRunFixture {
 protected:
  // The request of one that comes now.
  DryRunRequest asked_for(std::string_view text, char status = 'T') {
    query(text);
    answer_settings({{"role", "none"}}, status);
    return wanted();
  }
  // To its end, allowed.
  void run_tried(std::string_view text) {
    (void)asked_for(text);
    tried_out();
    open_bracket(Around::block);
    (void)sent_to_server();
    server({"C DONE", "Z T"});
    close_bracket(Around::block);
    (void)sent_to_client();
  }
};

TEST_F(DryRunTransaction, WhatItChangedBeforeIsCollected) {
  open_transaction();
  run("create view v as select 1", "CREATE VIEW");
  run("select * from t", "SELECT 0");
  run_tried(kAlter);
  EXPECT_THAT(asked_for("comment on table t is 'x'").earlier,
              ElementsAre("create view v as select 1", kAlter));
}

TEST_F(DryRunTransaction, OfATextEachStatementIsCollected) {
  run("begin; create view v as select 1; create view w as select 2", "CREATE VIEW");
  EXPECT_THAT(asked_for(kAlter).earlier,
              ElementsAre("create view v as select 1", "create view w as select 2"));
}

TEST_F(DryRunTransaction, WhatWasBoundIsCollectedByItsText) {
  open_transaction();
  client(parse("create view v as select 1") + bind() + bytes_of(wire::Execute{"", 0}, wire::Sync{}));
  client("");
  (void)sent_to_server();
  server({"1", "2", "C CREATE VIEW", "Z T"});
  (void)sent_to_client();
  EXPECT_THAT(asked_for(kAlter).earlier, ElementsAre("create view v as select 1"));
}

TEST_F(DryRunTransaction, ItIsForgottenAtItsEnd) {
  for (const char* end : {"commit", "rollback"}) {
    open_transaction();
    run("create view v as select 1", "CREATE VIEW");
    run(end, "DONE", 'I');
    EXPECT_THAT(asked_for(kAlter, 'I').earlier, IsEmpty()) << end;
    tried_out(base::Error{base::sqlstate::cannot_connect_now, "no copy"});
    (void)sent_to_client();
  }
}

TEST_F(DryRunTransaction, OutsideOfOneNothingIsCollected) {
  run("create view v as select 1", "CREATE VIEW", 'I');
  EXPECT_THAT(asked_for(kAlter, 'I').earlier, IsEmpty());
}

TEST_F(DryRunTransaction, AFailedOneIsRefusedAndForgottenAtItsEnd) {
  open_transaction();
  query("create view v as select 1");
  (void)sent_to_server();
  server({"E 42P07", "Z E"});
  (void)sent_to_client();
  query(kAlter);
  EXPECT_FALSE(relay.wants_dry_run());
  EXPECT_THAT(sent_to_server(), HasSubstr("PORTCULLIS_DENIED"));
  server({"E 25P02", "Z E"});
  EXPECT_THAT(error_to_client(), HasSubstr("its transaction has failed: send ROLLBACK first"));
  run("rollback", "ROLLBACK", 'I');
  EXPECT_THAT(asked_for(kAlter, 'I').earlier, IsEmpty());
}

TEST_F(DryRunTransaction, OneThatWentBackBehindAChangeIsRefused) {
  open_transaction();
  run("savepoint a", "SAVEPOINT");
  run("create view v as select 1", "CREATE VIEW");
  run("rollback to a", "ROLLBACK");
  query(kAlter);
  if (relay.waits_for_server()) answer_settings({{"role", "none"}}, 'T');
  EXPECT_FALSE(relay.wants_dry_run());
  EXPECT_THAT(sent_to_server(), HasSubstr("PORTCULLIS_DENIED"));
  server({"E 42601", "Z E"});
  EXPECT_THAT(error_to_client(), HasSubstr(kCannotBeDoneAgain));
}

TEST_F(DryRunTransaction, OneThatWentBackBeforeAnyChangeIsNot) {
  open_transaction();
  run("savepoint a", "SAVEPOINT");
  run("rollback to a", "ROLLBACK");
  EXPECT_THAT(asked_for(kAlter).earlier, IsEmpty());
}

TEST_F(DryRunTransaction, WhatNobodySeesIntoCannotBeDoneAgain) {
  open_transaction();
  run("call p()", "CALL");
  query(kAlter);
  answer_schemas({"app"}, 'T');
  EXPECT_FALSE(relay.wants_dry_run());
  EXPECT_THAT(sent_to_server(), HasSubstr("PORTCULLIS_DENIED"));
  server({"E 42601", "Z E"});
  EXPECT_THAT(error_to_client(), HasSubstr(kCannotBeDoneAgain));
}

TEST_F(DryRunTransaction, MoreThanFiftyChangesCannotBeDoneAgain) {
  open_transaction();
  for (int i = 0; i < 51; ++i) run("create view v as select 1", "CREATE VIEW");
  query(kAlter);
  EXPECT_FALSE(relay.wants_dry_run());
  EXPECT_THAT(sent_to_server(), HasSubstr("PORTCULLIS_DENIED"));
  server({"E 42601", "Z E"});
  EXPECT_THAT(error_to_client(), HasSubstr(kCannotBeDoneAgain));
}

TEST_F(DryRunTransaction, WhatRunsOutsideOfThemIsTriedOutSoWhereItWould) {
  constexpr std::string_view kBeside = "create index concurrently on t (a)";
  const auto alone = asked_for(kBeside, 'I');
  ASSERT_TRUE(alone.outside);
  EXPECT_EQ(alone.outside->kind, shadow::Outside::Kind::create_index);
  EXPECT_TRUE(alone.outside->is_certain);
  tried_out(base::Error{base::sqlstate::cannot_connect_now, "no copy"});
  (void)sent_to_client();
  EXPECT_FALSE(asked_for("select * from t; " + std::string(kBeside), 'I').outside);
  tried_out(base::Error{base::sqlstate::cannot_connect_now, "no copy"});
  (void)sent_to_client();
  EXPECT_FALSE(asked_for(kAlter, 'I').outside);
  tried_out(base::Error{base::sqlstate::cannot_connect_now, "no copy"});
  (void)sent_to_client();
  open_transaction();
  EXPECT_FALSE(asked_for(kBeside).outside);
}

TEST_F(DryRunTransaction, WhatMayRunOutsideOfThemIsTriedOutInOneFirst) {
  const auto request = asked_for("reindex table t", 'I');
  ASSERT_TRUE(request.outside);
  EXPECT_FALSE(request.outside->is_certain);
}

}  // namespace
}  // namespace portcullis::session
