// Where a policy only observes, everything goes on and nobody waits; no session outlives that.
#include "catalog/queries.hpp"
#include "relay_fixture.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::session {
namespace {

using Lines = std::vector<std::string>;

std::string status(std::string_view name, std::string_view value) {
  return frame('S', std::string(name) + '\0' + std::string(value) + '\0');
}

std::string row(const Lines& fields) {
  std::string body{'\0', static_cast<char>(fields.size())};
  for (const auto& field : fields)
    body += std::string{'\0', '\0', '\0', static_cast<char>(field.size())} + field;
  return frame('D', body);
}

// What the server answers to the question for its catalog in an open transaction: there is nothing in it.
std::string empty_catalog() {
  const std::string complete = from_server({"3", "3", "1", "2", "C SELECT 0"});
  const std::string group_end = from_server({"3", "3", "Z T"});
  std::string bytes = complete + complete + complete + complete + complete;  // up to the request's settings
  for (const auto& query : catalog::queries(150018)) {
    if (query.name == "server") bytes += row({"150018", "shop", "fingerprint"});
    bytes += complete;
  }
  return bytes + complete + group_end + complete + complete + group_end;
}

class RelayObservedTest : public RelayFixture {
 protected:
  RelayObservedTest() { source.basis = std::make_shared<const Basis>(Basis{observing_guard(), nullptr}); }
  void use_catalog() {
    catalog::testing::MakeSnapshot make;
    make.table("app.t", {"id int4"});
    source.basis = std::make_shared<const Basis>(Basis{observing_guard(), make.build()});
  }
  // In a transaction that has made something, whose catalog is not read yet.
  void make_something_in_a_transaction() {
    use_catalog();
    client(bytes_of(wire::Query{"begin"}));
    answer_schemas();
    server({"C BEGIN", "Z T"});
    client(bytes_of(wire::Query{"create table n (id int)"}));
    server({"C CREATE TABLE", "Z T"});
    (void)sent_to_server();
  }
  // A table that is in no catalog. Whether the gate wanted a newer one for it.
  bool looks_for_what_is_missing() {
    client(bytes_of(wire::Query{"select * from missing"}));
    if (relay.waits_for_server()) answer_schemas();
    const bool wanted = relay.wants_basis();
    if (wanted) relay.give_up_basis();
    client("");
    EXPECT_EQ(sent_to_server(), "Q(select * from missing)");
    EXPECT_EQ(sink.told().back(), "would_deny Query 42P01");
    server({"E 42P01", "Z I"});
    return wanted;
  }
  void enforce() { source.basis = std::make_shared<const Basis>(Basis{test_guard(), nullptr}); }
};

TEST_F(RelayObservedTest, NamesThatNobodyMadeGoOn) {
  client(bytes_of(wire::Bind{"", "gone", {}, {}, {}}, wire::Execute{"cursor", 0}, wire::Sync{}));
  client("");  // it may change the catalog: nothing behind it is looked at before it is on its way
  EXPECT_EQ(sent_to_server(), "B(,gone) E(cursor) S");
  server({"E 26000", "Z I"});
  EXPECT_EQ(sent_to_client(), "E(26000) Z(I)");
  EXPECT_EQ(sink.told().front(), "would_deny Bind 26000");
}

TEST_F(RelayObservedTest, ACallPastTheParserGoesOnAndIsAnswered) {
  const auto call = frame('F', std::string("\0\0\3\xBD\0\0\0\0\0\0", 10));
  client(call);
  EXPECT_EQ(sent_to_server(), "F");
  server({"V", "Z I"});
  EXPECT_EQ(sent_to_client(), "V Z(I)");
  EXPECT_EQ(sink.told(), (Lines{"would_deny FunctionCall 0A000", "ok -> 0"}));
}

TEST_F(RelayObservedTest, WhatHangsOnAStatementBeforeItGoesOn) {
  client(bytes_of(wire::Query{"set role other; select * from t"}));
  EXPECT_EQ(sent_to_server(), "Q(set role other; select * from t)");
}

TEST_F(RelayObservedTest, TextsOfAnotherEncodingAreNotUnderstoodUntilItIsBack) {
  client(bytes_of(wire::Query{"set client_encoding = sjis"}));
  EXPECT_EQ(sent_to_server(), "Q(set client_encoding = sjis)");
  server_bytes(from_server({"C SET"}) + status("client_encoding", "SJIS") + from_server({"Z I"}));
  EXPECT_EQ(sent_to_client(), "C(SET) S Z(I)");
  client(bytes_of(wire::Query{"select 1"}));
  EXPECT_EQ(sink.told().back(), "would_deny Query 0A000");
}

TEST_F(RelayObservedTest, TextsWithStringsOfAnotherFormAreNotUnderstood) {
  server_bytes(status("standard_conforming_strings", "off"));
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sink.told().back(), "would_deny Query 0A000");
}

TEST_F(RelayObservedTest, EndsWithThePolicyThatLetItBecomeAnybody) {
  client(bytes_of(wire::Query{"set role other"}));
  server({"C SET", "Z I"});
  (void)sent_to_server();
  (void)sent_to_client();
  enforce();
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "E(57P01)");
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayObservedTest, EndsWithThePolicyThatLetItReadOtherwise) {
  server_bytes(status("client_encoding", "LATIN1"));
  (void)sent_to_client();
  enforce();
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayObservedTest, OutlivesThePolicyWhereItDidWhatIsAllowed) {
  client(bytes_of(wire::Query{"select * from t"}));
  server({"C SELECT 0", "Z I"});
  (void)sent_to_server();
  enforce();
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(RelayObservedTest, IsHeldUpByNoChangeOfOthers) {
  source.begin_change();
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
  enforce();
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_TRUE(relay.wants_basis());
}

TEST_F(RelayObservedTest, ReadsTheCatalogOfItsTransactionOnlyForANameThatIsMissing) {
  make_something_in_a_transaction();
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
  server({"C SELECT 0", "Z T"});
  client(bytes_of(wire::Query{"select * from n"}));
  EXPECT_THAT(sent_to_server(), ::testing::HasSubstr("SAVEPOINT portcullis_catalog"));
}

// As long as others change theirs there is none to begin with, and the transaction's own must be read all the
// same: asked for names alone it would be missing again, and asked again, for ever.
TEST_F(RelayObservedTest, ReadsTheCatalogOfItsTransactionAlsoWhileOthersChangeTheirs) {
  make_something_in_a_transaction();
  source.begin_change();
  client(bytes_of(wire::Query{"select * from n"}));
  EXPECT_THAT(sent_to_server(), ::testing::HasSubstr("SAVEPOINT portcullis_catalog"));
  server_bytes(empty_catalog());
  client("");
  EXPECT_EQ(sent_to_server(), "Q(select * from n)");
  EXPECT_FALSE(relay.wants_basis());
  EXPECT_EQ(sink.told().back(), "would_deny Query 42P01");
}

TEST_F(RelayObservedTest, LooksForAMissingNameOnceInEachCatalog) {
  use_catalog();
  EXPECT_TRUE(looks_for_what_is_missing());
  EXPECT_FALSE(looks_for_what_is_missing());
  use_catalog();
  EXPECT_TRUE(looks_for_what_is_missing());
  source.begin_change();
  EXPECT_TRUE(looks_for_what_is_missing());
}

// The policy in force decides, also while its catalog is read.
TEST_F(RelayObservedTest, WithoutAnyBasisNothingGoesOn) {
  source.basis = nullptr;
  client(bytes_of(wire::Query{"select * from t"}));
  relay.give_up_basis();
  client("");
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "E(57P03) Z(I)");
}

}  // namespace
}  // namespace portcullis::session
