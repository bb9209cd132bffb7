// Statements that may be planned to cost so much only: what the server is asked and when, and that nothing
// that costs more, or that could not be asked for, is sent.
#include <gmock/gmock.h>

#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kPolicy = R"({
  "version": 1, "name": "cost",
  "agents": { "robot": { "login": "agent_robot" } },
  "rules": [
    { "id": "read", "allow": ["select", "insert", "copy to stdout"], "on": ["app.t"], "to": ["robot"],
      "limits": { "cost": 100 } },
    { "id": "free", "allow": ["select"], "on": ["app.f"], "to": ["robot"] },
    { "id": "both", "allow": ["update"], "on": ["app.f"], "to": ["robot"],
      "limits": { "cost": 100, "rows_affected": 3 } }
  ]
})";

std::string plan(const std::string& cost) {
  const std::string json =
      R"([{"Plan": {"Node Type": "Seq Scan", "Startup Cost": 0.00, "Total Cost": )" + cost + "}}]";
  std::string body{'\0', '\1', '\0', '\0', '\0', static_cast<char>(json.size())};
  return frame('D', body + json);
}

class RelayCost : public RelayFixture {
 protected:
  RelayCost() : RelayFixture(kPolicy, clock_) {}

  // The gate's question is answered.
  void answer(const std::string& cost, const std::string& ready) {
    server_bytes(from_server({"3", "3", "1", "2"}) + plan(cost) + from_server({"C EXPLAIN", "3", "3"}) +
                 (ready.empty() ? "" : from_server({"Z " + ready})));
  }

 private:
  base::SystemClock clock_;
};

TEST_F(RelayCost, IsAskedBeforeAQueryAndLetsItPass) {
  client(bytes_of(wire::Query{"select v from t"}));
  EXPECT_THAT(sent_to_server(), HasSubstr("P(reserved-cost,EXPLAIN (FORMAT JSON) select v from t)"));
  EXPECT_FALSE(relay.idle());
  answer("100.0", "I");
  EXPECT_EQ(sent_to_server(), "Q(select v from t)");
  server({"T", "D", "C SELECT 1", "Z I"});
  EXPECT_EQ(sent_to_client(), "T D C(SELECT 1) Z(I)");
  EXPECT_THAT(sink.told(), ElementsAre("allow Query", "ok SELECT 1 -> 0"));
}

TEST_F(RelayCost, OverTheLimitTheStatementIsNeverSent) {
  client(bytes_of(wire::Query{"select v from t"}));
  (void)sent_to_server();
  answer("100.5", "I");
  EXPECT_EQ(sent_to_server(), "");
  const std::string told = relay.take_to_client();
  EXPECT_EQ(backend_text(told), "E(54000) Z(I)");
  EXPECT_THAT(told, HasSubstr("stopped by \"read\": planned to cost 101, limit 100; nothing was run."));
  EXPECT_THAT(told, HasSubstr("Record 0."));
  EXPECT_THAT(sink.told(), ElementsAre("allow Query", "stopped 54000 -> 0"));
  EXPECT_EQ(std::get<audit::OutcomeRecord>(sink.records.back()).limit, "cost of rule read");
  EXPECT_TRUE(relay.idle());
  client(bytes_of(wire::Query{"select v from f"}));
  EXPECT_EQ(sent_to_server(), "Q(select v from f)");
}

TEST_F(RelayCost, InABlockTheBlockFails) {
  open_transaction();
  (void)sent_to_server();
  (void)sent_to_client();
  client(bytes_of(wire::Query{"select v from t"}));
  (void)sent_to_server();
  answer("1e9", "T");
  EXPECT_THAT(sent_to_server(), StartsWith("Q(PORTCULLIS_DENIED"));
  server({"E 42601", "Z E"});
  EXPECT_EQ(sent_to_client(), "E(54000) Z(E)");
}

TEST_F(RelayCost, OfAStatementWithParametersIsAskedWithThem) {
  client(bytes_of(wire::Parse{"s", "select v from t where v = $1", {25}},
                  wire::Bind{"", "s", {}, {"seven"}, {}}, wire::Execute{"", 0}, wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "P(s,select v from t where v = $1) H");
  server({"1"});
  const std::string asked = relay.take_to_server();
  EXPECT_THAT(frontend_text(asked), HasSubstr("EXPLAIN (FORMAT JSON) select v from t where v = $1"));
  EXPECT_THAT(asked, HasSubstr("seven"));
  EXPECT_THAT(frontend_text(asked), EndsWith("H"));
  answer("3", "");
  client("");
  EXPECT_THAT(sent_to_server(), StartsWith("B("));
  server({"2", "D", "C SELECT 1"});
  client("");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "1 2 D C(SELECT 1) Z(I)");
}

// It is planned when it runs: by then the name may stand for something else than at its Bind.
TEST_F(RelayCost, OfExecuteIsAskedBeforeItRuns) {
  client(bytes_of(wire::Parse{"s", "select v from t where v = $1", {25}}, wire::Sync{}));
  server({"1", "Z I"});
  client(bytes_of(wire::Parse{"", "execute s ('x')", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 1}, wire::Execute{"", 1}, wire::Sync{}));
  EXPECT_THAT(sent_to_server(), EndsWith("P(,execute s ('x')) B(,) H"));
  server({"1", "2"});
  EXPECT_THAT(sent_to_server(), HasSubstr("EXPLAIN (FORMAT JSON) execute s ('x')"));
  answer("3", "");
  client("");
  EXPECT_EQ(sent_to_server(), "E() H");
  server({"D", "s"});
  client("");
  EXPECT_EQ(sent_to_server(), "E() H");  // not asked again
  server({"D", "s"});
  client("");
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "1 Z(I) 1 2 D s D s Z(I)");
}

TEST_F(RelayCost, ExecuteThatCannotBePlannedFailsWhereItRuns) {
  client(bytes_of(wire::Parse{"s", "select v from t", {}}, wire::Sync{}));
  server({"1", "Z I"});
  client(bytes_of(wire::Parse{"", "execute s", {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0},
                  wire::Sync{}));
  server({"1", "2"});
  (void)sent_to_server();
  server({"3", "3", "E 26000"});
  client("");
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "1 Z(I) 1 2 E(26000) Z(I)");
}

TEST_F(RelayCost, WhichPortalRunsMustBeKnown) {
  client(bytes_of(wire::Parse{"s", "select v from t", {}}, wire::Parse{"e", "execute s", {}}, wire::Sync{}));
  server({"1", "1", "Z I"});
  client(bytes_of(wire::Bind{"p", "e", {}, {}, {}}, wire::Sync{}, wire::Bind{"p", "e", {}, {}, {}},
                  wire::Sync{}, wire::Execute{"p", 0}, wire::Sync{}));
  const auto& decision = std::get<audit::DecisionRecord>(sink.records.back());
  EXPECT_EQ(decision.verdict, "deny");
  EXPECT_THAT(decision.reason, HasSubstr("which of several portals"));
}

TEST_F(RelayCost, OverTheLimitThePipelineFails) {
  client(bytes_of(wire::Parse{"", "select v from t", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}, wire::Sync{}));
  server({"1"});
  (void)sent_to_server();
  answer("5000", "");
  client("");
  EXPECT_THAT(sent_to_server(), StartsWith("B(,reserved"));
  server({"E 26000"});
  client("");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "1 E(54000) Z(I)");
  EXPECT_THAT(sink.told(), ElementsAre("allow Parse", "allow Bind", "stopped 54000 -> 1", "skipped -> 1"));
}

TEST_F(RelayCost, AStatementThatCannotBePlannedHasFailed) {
  client(bytes_of(wire::Query{"select v from t"}));
  (void)sent_to_server();
  server_bytes(from_server({"3", "3", "E 42703", "Z I"}));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "E(42703) Z(I)");
  EXPECT_THAT(sink.told(), ElementsAre("allow Query", "error 42703 -> 0"));
  client(bytes_of(wire::Parse{"", "select v from t", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}, wire::Sync{}));
  server({"1"});
  (void)sent_to_server();
  server({"3", "3", "E 22012"});
  client("");
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "1 E(22012) Z(I)");
}

TEST_F(RelayCost, TheErrorStandsWhereItStandsInTheClientsText) {
  client(bytes_of(wire::Query{"select v from t"}));
  std::string error;
  encode(error, wire::ErrorResponse{{{'S', "ERROR"}, {'C', "42703"}, {'M', "m"}, {'P', "30"}, {'R', "r"}}});
  server_bytes(from_server({"3", "3"}) + error + from_server({"Z I"}));
  std::string expected;
  encode(expected, wire::ErrorResponse{{{'S', "ERROR"}, {'C', "42703"}, {'M', "m"}, {'P', "8"}, {'R', "r"}}});
  EXPECT_THAT(relay.take_to_client(), StartsWith(expected));
}

TEST_F(RelayCost, TheGatesNamesAreNotTold) {
  client(bytes_of(wire::Parse{"", "select v from t", {}}, wire::Bind{"mine", "", {}, {}, {}}));
  server({"1"});
  std::string error;
  encode(error, wire::ErrorResponse{{{'S', "ERROR"},
                                     {'C', "22P02"},
                                     {'M', "m"},
                                     {'D', "elsewhere reserved-cost"},
                                     {'W', "portal \"reserved-cost\" parameter $1 = '...'"}}});
  server_bytes(from_server({"3", "3", "1"}) + error);
  const std::string told = relay.take_to_client();
  EXPECT_THAT(told, HasSubstr("portal \"mine\" parameter $1"));
  EXPECT_EQ(told.find("reserved"), std::string::npos);
}

TEST_F(RelayCost, WhatHasNoPlanIsRefused) {
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"copy t to stdout", "what COPY costs cannot be estimated"},
      {"explain analyze select v from t", "what EXPLAIN costs cannot be estimated"},
      {"select v from t; select v from t", "send the statements one by one"}};
  for (const auto& [text, why] : refused) {
    client(bytes_of(wire::Query{text}));
    EXPECT_EQ(sent_to_server(), "") << text;
    const std::string told = relay.take_to_client();
    EXPECT_EQ(backend_text(told), "E(42501) Z(I)") << text;
    EXPECT_THAT(told, HasSubstr(why));
  }
}

TEST_F(RelayCost, WhatRunsNothingIsNotAsked) {
  for (const char* text : {"explain select v from t", "prepare p as select v from t", "select v from f"}) {
    client(bytes_of(wire::Query{text}));
    EXPECT_EQ(sent_to_server(), "Q(" + std::string(text) + ")");
    server({"C X", "Z I"});
  }
}

TEST_F(RelayCost, APlanThatSaysNothingIsRefused) {
  client(bytes_of(wire::Query{"select v from t"}));
  (void)sent_to_server();
  answer("\"much\"", "I");
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "E(42501) Z(I)");
}

TEST_F(RelayCost, AnswersOutOfOrderEndTheSession) {
  client(bytes_of(wire::Query{"select v from t"}));
  server({"H"});
  EXPECT_TRUE(relay.ended());
  relay.close("the database broke the protocol");
  EXPECT_EQ(sink.told().back(), "not executed -> 0");
}

TEST_F(RelayCost, RowsAreCountedBehindIt) {
  client(bytes_of(wire::Query{"update f set v = 1"}));
  EXPECT_THAT(sent_to_server(), HasSubstr("EXPLAIN (FORMAT JSON) update f set v = 1"));
  answer("7", "I");
  EXPECT_THAT(sent_to_server(), HasSubstr("BEGIN"));
}

}  // namespace
}  // namespace portcullis::session
