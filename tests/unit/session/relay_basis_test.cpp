// When statements are judged: not before there is a catalog to judge by, and not by an old one while it
// changes.
#include "relay_fixture.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::session {
namespace {

using Lines = std::vector<std::string>;

class RelayBasisTest : public RelayFixture {
 protected:
  // The caller's part of waiting: what comes of the bytes that were left.
  bool try_again() {
    if (!relay.try_basis()) return false;
    client("");
    return true;
  }
  void use_table(const std::string& name) {
    catalog::testing::MakeSnapshot make;
    make.table(name, {"id int4"});
    source.basis = std::make_shared<const Basis>(Basis{test_guard(), make.build()});
  }
};

TEST_F(RelayBasisTest, AStatementWaitsForTheFirstCatalog) {
  const auto basis = std::exchange(source.basis, nullptr);
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_TRUE(relay.wants_basis());
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_FALSE(try_again());
  EXPECT_TRUE(sink.records.empty());
  source.basis = basis;
  EXPECT_TRUE(try_again());
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

// Somebody else's change, while the server is asked where this session's names lead.
TEST_F(RelayBasisTest, ACatalogThatIsGoneAgainIsWaitedForAgain) {
  use_table("app.t");
  const auto basis = std::exchange(source.basis, nullptr);
  client(bytes_of(wire::Query{"select * from t"}));
  source.basis = basis;
  EXPECT_TRUE(try_again());
  source.basis = nullptr;
  answer_schemas();
  EXPECT_EQ(sent_to_client(), "");
  EXPECT_TRUE(relay.wants_basis());
  source.basis = basis;
  EXPECT_TRUE(try_again());
  EXPECT_FALSE(relay.wants_basis());
  EXPECT_EQ(sink.told(), (Lines{"allow Query"}));
}

TEST_F(RelayBasisTest, WithoutACatalogItIsRefusedAndRecorded) {
  source.basis = nullptr;
  client(bytes_of(wire::Query{"select * from t"}));
  relay.give_up_basis();
  client("");
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "E(57P03) Z(I)");
  EXPECT_EQ(sink.told(), (Lines{"deny Query 57P03"}));
  // The next one waits again.
  client(bytes_of(wire::Query{"select 1"}));
  EXPECT_TRUE(relay.wants_basis());
}

TEST_F(RelayBasisTest, AChangeHoldsUpEverybodyFromBeforeItsBytesGoOutUntilItsAnswerIsIn) {
  client(bytes_of(wire::Query{"create view v as select 1"}, wire::Query{"select * from t"}));
  EXPECT_EQ(source.changing, 1);
  EXPECT_EQ(sent_to_server(), "Q(create view v as select 1)");
  client("");  // the caller goes on with what is left
  EXPECT_TRUE(relay.wants_basis());
  EXPECT_FALSE(try_again());
  server({"C CREATE VIEW", "Z I"});
  EXPECT_EQ(source.changing, 0);
  EXPECT_TRUE(try_again());
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(RelayBasisTest, InATransactionTheChangeComesWithItsEnd) {
  open_transaction();
  client(bytes_of(wire::Query{"create view v as select 1"}));
  EXPECT_EQ(source.changing, 0);
  server({"C CREATE VIEW", "Z T"});
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(source.changes, 0);
  server({"C SELECT 0", "Z T"});
  client(bytes_of(wire::Query{"commit"}));
  EXPECT_EQ(source.changing, 1);
  server({"C COMMIT", "Z I"});
  EXPECT_EQ(source.changing, 0);
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(source.changes, 1);
}

TEST_F(RelayBasisTest, InAPipelineTheChangeComesWithItsSync) {
  client(bytes_of(wire::Parse{"", "drop view v", {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0}));
  EXPECT_EQ(source.changing, 0);
  client(bytes_of(wire::Sync{}));
  EXPECT_EQ(source.changing, 1);
  server({"1", "2", "C DROP VIEW", "Z I"});
  EXPECT_EQ(source.changing, 0);
}

TEST_F(RelayBasisTest, ALostSessionHoldsUpNobody) {
  client(bytes_of(wire::Query{"create view v as select 1"}));
  EXPECT_EQ(source.changing, 1);
  relay.close("the database is gone");
  EXPECT_EQ(source.changing, 0);
}

TEST_F(RelayBasisTest, ARefusedChangeIsNone) {
  client(bytes_of(wire::Query{"create view secret as select 1"}));
  EXPECT_EQ(source.changes, 0);
}

TEST_F(RelayBasisTest, AnUnknownNameIsLookedForInANewerCatalogOnce) {
  use_table("app.other");
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas();
  EXPECT_EQ(source.asked, 1u);
  EXPECT_TRUE(relay.wants_basis());
  EXPECT_TRUE(sink.records.empty());
  EXPECT_FALSE(try_again());
  use_table("app.t");
  source.answers = 1;
  EXPECT_TRUE(try_again());
  answer_schemas();
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(RelayBasisTest, AnUnknownNameIsLookedForInEveryStatement) {
  use_table("app.other");
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas();
  source.answers = 1;
  EXPECT_TRUE(try_again());
  EXPECT_EQ(sent_to_client(), "E(42P01) Z(I)");
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(source.asked, 2u);
  EXPECT_TRUE(relay.wants_basis());
}

TEST_F(RelayBasisTest, ANameThatNoCatalogKnowsIsRefusedInTheServersWords) {
  use_table("app.other");
  client(bytes_of(wire::Parse{"", "select * from t", {}}));
  answer_schemas();
  source.answers = 1;
  EXPECT_TRUE(try_again());
  EXPECT_EQ(source.asked, 1u);
  EXPECT_EQ(sink.told(), (Lines{"deny Parse 42P01"}));
  EXPECT_EQ(sent_to_server(), "P(,PORTCULLIS_DENIED record 0)");
}

TEST_F(RelayBasisTest, APortalIsJudgedAgainWhenTheBasisHasChanged) {
  client(bytes_of(wire::Parse{"", "select * from t", {}}, wire::Bind{"", "", {}, {}, {}}));
  source.basis = std::make_shared<const Basis>(*source.basis);
  client(bytes_of(wire::Execute{"", 0}, wire::Sync{}));
  EXPECT_EQ(sink.told(), (Lines{"allow Parse", "allow Bind", "allow Execute"}));
  server({"1", "2", "C SELECT 0", "Z I"});
  use_table("app.other");
  client(bytes_of(wire::Parse{"", "select 1", {}}, wire::Bind{"", "", {}, {}, {}}));
  (void)sent_to_server();
  EXPECT_TRUE(relay.waits_for_server());
  server_bytes(schemas_answer({"app"}, 'I', true));
  client("");
  EXPECT_EQ(sink.told().back(), "allow Bind");
}

TEST_F(RelayBasisTest, AParameterOfAnUnknownTypeIsRefusedInEveryUse) {
  use_table("app.t");
  client(bytes_of(wire::Parse{"", "select $1", {99999}}));
  answer_schemas();
  source.answers = 1;
  EXPECT_TRUE(try_again());
  EXPECT_EQ(sink.told(), (Lines{"deny Parse 42704"}));
  client(bytes_of(wire::Sync{}, wire::Parse{"", "select $1", {25}}));
  EXPECT_EQ(sink.told().back(), "allow Parse");
}

TEST_F(RelayBasisTest, TheRecordSaysWhatItWasJudgedBy) {
  use_table("app.t");
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas();
  const auto& decision = std::get<audit::DecisionRecord>(sink.records.front());
  EXPECT_EQ(decision.catalog, "fingerprint");
  EXPECT_EQ(decision.catalog_age, std::chrono::milliseconds(7));
  EXPECT_EQ(decision.policy_hash, source.basis->guard->policy().hash());
}

// The portal's Bind had an outcome before, and this decision is another.
TEST_F(RelayBasisTest, AnExecuteThatIsJudgedAgainAndSkippedSaysSo) {
  client(bytes_of(wire::Parse{"", "insert into t values (1)", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}));
  server({"1", "2", "E 23505"});
  source.basis = std::make_shared<const Basis>(*source.basis);
  client(bytes_of(wire::Execute{"", 0}));
  EXPECT_EQ(sink.told(),
            (Lines{"allow Parse", "allow Bind", "error 23505 -> 1", "allow Execute", "skipped -> 3"}));
}

}  // namespace
}  // namespace portcullis::session
