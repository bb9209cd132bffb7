// Statements that are refused over a limit again and again: one entry a second, and no answer before it.
#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr std::string_view kPolicy = R"({
  "version": 1, "name": "floods",
  "agents": { "robot": { "login": "agent_robot" } },
  "limits": { "robot": { "same_statement_failures": "2/hour", "concurrent": 1 } },
  "rules": [
    { "id": "read", "allow": ["select"], "on": ["app.t"], "to": ["robot"], "limits": { "rate": "1/hour" } },
    { "id": "write", "allow": ["insert"], "on": ["app.t"], "to": ["robot"], "limits": { "rate": "1/hour" } },
    { "id": "free", "allow": ["select"], "on": ["app.f"], "to": ["robot"] }
  ]
})";

// The session gives its slot back at its end.
struct Limited {
  std::shared_ptr<const guard::Guard> guard = guard_of(kPolicy);
  guard::RateLimiter limits{guard->policy()};
};

class RelayFlood : protected Ticking, protected Limited, public RelayFixture {
 protected:
  RelayFlood() : RelayFixture(kPolicy, ticking) {
    with_limits(limits);
    client(read());
    server({"T", "C SELECT 0", "Z I"});
    client(read());  // the first refusal
    (void)sent_to_server();
    EXPECT_EQ(sent_to_client(), "T C(SELECT 0) Z(I) E(53400) Z(I)");
    sink.records.clear();
    sink.sync();
  }
  static std::string read() { return bytes_of(wire::Query{"select * from t"}); }
  static std::string write() { return bytes_of(wire::Query{"insert into t values (1)"}); }
  // One pipeline of the extended protocol.
  static std::string pipeline(std::string_view text = "select * from t") {
    return bytes_of(wire::Parse{"", text, {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0},
                    wire::Sync{});
  }
  void a_second_later() {
    ticking.now += 1s;
    relay.on_counted();
  }
};

TEST_F(RelayFlood, IsAnsweredWithTheEntryOfItsSecond) {
  client(read() + read() + read());
  EXPECT_EQ(relay.counts_until(), ticking.now + 1s);
  EXPECT_EQ(relay.client_waits_for(), std::nullopt);
  EXPECT_FALSE(relay.idle());
  ticking.now += 999ms;
  relay.on_counted();
  EXPECT_EQ(sent_to_client(), "");
  EXPECT_EQ(sink.told(), Lines{});
  ticking.now += 1ms;
  relay.on_counted();
  EXPECT_EQ(sink.told(), Lines{"3 more read 53400"});
  const std::string answer = relay.take_to_client();
  EXPECT_EQ(backend_text(answer), "E(53400) Z(I) E(53400) Z(I) E(53400) Z(I)");
  EXPECT_THAT(answer, ::testing::HasSubstr("of rule \"read\""));
  EXPECT_THAT(answer, ::testing::HasSubstr(" Record 0."));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(relay.counts_until(), std::nullopt);
  EXPECT_TRUE(relay.idle());
  const auto& counted = std::get<audit::CountedRecord>(sink.records.front());
  EXPECT_EQ(counted.agent, "robot");
}

TEST_F(RelayFlood, IsNotAnsweredBeforeItsEntryIsDurable) {
  sink.sync_at_once = false;
  client(read() + read());
  a_second_later();
  EXPECT_EQ(sent_to_client(), "");
  EXPECT_EQ(relay.client_waits_for(), 0U);
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "");
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "E(53400) Z(I) E(53400) Z(I)");
  EXPECT_EQ(relay.client_waits_for(), std::nullopt);
}

TEST_F(RelayFlood, GoesOnSecondBySecondAndThenEnds) {
  client(read());
  a_second_later();
  client(read() + read());
  EXPECT_EQ(sink.told(), Lines{"1 more read 53400"});
  a_second_later();
  ticking.now += 1s;
  client(read());
  EXPECT_EQ(sink.told(), (Lines{"1 more read 53400", "2 more read 53400", "deny Query 53400"}));
}

TEST_F(RelayFlood, OtherRefusalsAndWhatIsAllowedKeepTheirEntriesAndTheirOrder) {
  client(read() + bytes_of(wire::Query{"drop table t"}, wire::Query{"select * from f"}) + read());
  EXPECT_EQ(sink.told(), (Lines{"deny Query 42501", "allow Query"}));
  EXPECT_EQ(sent_to_client(), "");
  EXPECT_EQ(sent_to_server(), "");
  a_second_later();
  EXPECT_EQ(sent_to_client(), "E(53400) Z(I) E(42501) Z(I)");
  EXPECT_EQ(sent_to_server(), "Q(select * from f) Q(PORTCULLIS_DENIED record 2)");
  EXPECT_EQ(sink.told(), (Lines{"deny Query 42501", "allow Query", "2 more read 53400"}));
  server({"T", "C SELECT 0", "Z I", "E 42601", "Z I"});
  EXPECT_EQ(sent_to_client(), "T C(SELECT 0) Z(I) E(53400) Z(I)");
}

TEST_F(RelayFlood, OfEachRuleTheFirstHasAnEntryOfItsOwn) {
  client(write());
  server({"C INSERT 0 1", "Z I"});
  ticking.now += 500ms;
  client(write() + write() + read());
  EXPECT_EQ(sink.told(), (Lines{"allow Query", "ok INSERT 0 1 -> 0", "deny Query 53400"}));
  ticking.now += 500ms;
  relay.on_counted();
  EXPECT_EQ(sink.told().back(), "1 more read 53400");
  EXPECT_EQ(sent_to_client(), "C(INSERT 0 1) Z(I) E(53400) Z(I)");
  ticking.now += 500ms;
  relay.on_counted();
  EXPECT_EQ(sink.told().back(), "1 more write 53400");
  EXPECT_EQ(sent_to_client(), "E(53400) Z(I) E(53400) Z(I)");
}

TEST_F(RelayFlood, APipelineCountsOnceUpToItsSync) {
  client(pipeline() + pipeline() + pipeline("select * from f"));
  EXPECT_EQ(sink.told(), (Lines{"allow Parse", "allow Bind"}));
  a_second_later();
  EXPECT_EQ(sink.told().back(), "2 more read 53400");
  const std::string sent = sent_to_server();
  EXPECT_THAT(sent, ::testing::StartsWith("P(,PORTCULLIS_DENIED record 2) B("));
  EXPECT_THAT(sent, ::testing::EndsWith("S P(,select * from f) B(,) E() S"));
  server({"E 42601", "Z I", "E 42601", "Z I", "1", "2", "C SELECT 0", "Z I"});
  EXPECT_EQ(sent_to_client(), "E(53400) Z(I) E(53400) Z(I) 1 2 C(SELECT 0) Z(I)");
}

// Its parts may come one by one, and be longer than what is looked at whole.
TEST_F(RelayFlood, WhatStandsBehindInThePipelineIsSwallowedHoweverItComes) {
  const std::string large(3 << 20, 'x');
  const std::string bytes =
      bytes_of(wire::Parse{"", "select * from t", {}}, wire::Bind{"", "", {}, {std::string_view(large)}, {}},
               wire::Execute{"", 0}, wire::Sync{});
  for (std::size_t at = 0; at < bytes.size(); at += 100'000) client(bytes.substr(at, 100'000));
  EXPECT_EQ(client_rest, "");
  a_second_later();
  EXPECT_EQ(sink.told(), Lines{"1 more read 53400"});
  EXPECT_LT(relay.pending_to_server(), 1'000U);
  server({"E 42601", "Z I"});
  EXPECT_EQ(sent_to_client(), "E(53400) Z(I)");
}

// Where the poison met something that was not in the way of the pipeline, nothing behind it runs either.
TEST_F(RelayFlood, NothingBehindInThePipelineIsEverForwarded) {
  client(bytes_of(wire::Parse{"", "select * from t", {}}, wire::Parse{"named", "select * from f", {}},
                  wire::Bind{"", "named", {}, {}, {}}, wire::Execute{"", 0}));
  a_second_later();
  EXPECT_THAT(sent_to_server(), ::testing::Not(::testing::HasSubstr("select")));
  client(bytes_of(wire::Sync{}, wire::Parse{"named", "select * from f", {}}, wire::Sync{}));
  EXPECT_THAT(sent_to_server(), ::testing::EndsWith("S P(named,select * from f) S"));
}

TEST_F(RelayFlood, AStatementThatKeepsFailingIsCountedToo) {
  const std::string failing = bytes_of(wire::Query{"select 1/0 from f"});
  for (int i = 0; i < 2; ++i) {
    client(failing);
    server({"E 22012", "Z I"});
  }
  client(failing + failing + failing);
  (void)relay.take_to_client();
  a_second_later();
  EXPECT_EQ(sink.told().back(), "2 more free 53400");
  const std::string answer = relay.take_to_client();
  EXPECT_EQ(backend_text(answer), "E(53400) Z(I) E(53400) Z(I)");
  EXPECT_THAT(answer, ::testing::HasSubstr("22012"));
}

TEST_F(RelayFlood, InABlockItFailsTheTransactionAsEver) {
  client(bytes_of(wire::Query{"begin"}));
  server({"C BEGIN", "Z T"});
  client(read());
  (void)sent_to_server();
  a_second_later();
  EXPECT_EQ(sent_to_server(), "Q(PORTCULLIS_DENIED record 2)");
  server({"E 42601", "Z E"});
  EXPECT_EQ(sent_to_client(), "C(BEGIN) Z(T) E(53400) Z(E)");
}

TEST_F(RelayFlood, AnEndInTheMiddleOfASecondLosesNone) {
  client(read() + read() + read());
  relay.close("the client disconnected");
  ASSERT_EQ(sink.records.size(), 2U);
  EXPECT_EQ(sink.told(), Lines{"3 more read 53400"});
  EXPECT_EQ(std::get<audit::SessionRecord>(sink.records.back()).event, "end");
  EXPECT_EQ(relay.counts_until(), std::nullopt);
}

TEST_F(RelayFlood, WhereTheLogTakesNoCountItsErrorIsTheAnswer) {
  client(read() + read());
  sink.failed = base::Error{base::sqlstate::disk_full, "no room"};
  a_second_later();
  EXPECT_EQ(sent_to_client(), "E(53100) Z(I) E(53100) Z(I)");
  EXPECT_EQ(relay.counts_until(), std::nullopt);
  client(read());  // told at once
  EXPECT_EQ(sent_to_client(), "E(53100) Z(I)");
  sink.failed.reset();
  client(read());
  EXPECT_EQ(sent_to_client(), "E(53400) Z(I)");
  EXPECT_EQ(sink.told(), Lines{"deny Query 53400"});
}

TEST_F(RelayFlood, WhereTheLogFailsBehindTheCountItsErrorIsTheAnswer) {
  sink.sync_at_once = false;
  client(pipeline() + read());
  a_second_later();
  EXPECT_EQ(sent_to_client() + sent_to_server(), "");
  sink.failed = base::Error{base::sqlstate::io_error, "broken"};
  relay.on_log();
  server({"E 42601", "Z I", "E 42601", "Z I"});
  EXPECT_EQ(sent_to_client(), "E(58030) Z(I) E(58030) Z(I)");
}

// Of several sessions of an agent that may run one statement at a time, one that is refused is none.
TEST_F(RelayFlood, NothingRunsWhileItIsCounted) {
  client(read());
  EXPECT_TRUE(limits.begin_statement("robot"));
  client(bytes_of(wire::Query{"select * from f"}));
  EXPECT_FALSE(limits.begin_statement("robot"));
}

}  // namespace
}  // namespace portcullis::session
