// DISCARD ALL and the check behind it: one answer is right.
#include "session/server_reset.hpp"

#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

using Next = ServerAnswer::Next;

Next feed(ServerAnswer& machine, std::string_view bytes) {
  std::size_t consumed = 0;
  return machine.on_bytes(bytes, consumed);
}

ServerState state() {
  return {{"pg_catalog", "it's"}, {}, bytes_of(wire::ParameterStatus{"TimeZone", "back\\slash"})};
}

ServerAnswer check() {
  return ServerAnswer::to_check(state(), "agent_db", false);
}

std::string question(bool allow_superuser = false) {
  return frontend_text(ServerAnswer::to_check(state(), "agent_db", allow_superuser).take_out());
}

const std::string kWasReset = from_server({"C DISCARD ALL", "Z I"});
const std::string kIsRight = from_server({"T"}) + row_of({"t"}) + from_server({"C SELECT 1", "Z I"});

TEST(ServerReset, OneAnswerIsRight) {
  auto reset = ServerAnswer::to_reset();
  EXPECT_EQ(frontend_text(reset.take_out()), "Q(DISCARD ALL)");
  EXPECT_EQ(feed(reset, kWasReset), Next::ready);
  auto asked = check();
  EXPECT_EQ(feed(asked, kIsRight), Next::ready);
}

TEST(ServerReset, SettingsThatItPutsBackMayBeTold) {
  const std::string zone = bytes_of(wire::ParameterStatus{"TimeZone", "UTC"});
  auto before = ServerAnswer::to_reset(), behind = ServerAnswer::to_reset();
  EXPECT_EQ(feed(before, zone + kWasReset), Next::ready);
  EXPECT_EQ(feed(behind, from_server({"C DISCARD ALL"}) + zone + from_server({"Z I"})), Next::ready);
}

// Cut off at each byte it is not there yet, and given in two parts it is.
TEST(ServerReset, IsNotReadyBeforeItsLastByte) {
  for (const bool resets : {true, false}) {
    const std::string& answer = resets ? kWasReset : kIsRight;
    for (std::size_t cut = 0; cut < answer.size(); ++cut) {
      auto machine = resets ? ServerAnswer::to_reset() : check();
      std::size_t consumed = 0;
      EXPECT_EQ(machine.on_bytes(answer.substr(0, cut), consumed), Next::read) << cut;
      EXPECT_EQ(feed(machine, answer.substr(consumed)), Next::ready) << cut;
    }
  }
}

TEST(ServerReset, EveryOtherAnswerFails) {
  const std::string error = bytes_of(wire::to_error_response(
      {base::sqlstate::admin_shutdown, "terminating connection due to administrator command"}, "FATAL"));
  for (const std::string& answer :
       {error, error + kWasReset, from_server({"C RESET", "Z I"}), from_server({"C DISCARD ALL", "Z T"}),
        from_server({"C DISCARD ALL", "Z E"}), from_server({"Z I"}), from_server({"n"}) + kWasReset,
        from_server({"T"}) + kWasReset, row_of({"t"}) + kWasReset, from_server({"1"}) + kWasReset,
        kWasReset + "x", kWasReset + bytes_of(wire::ParameterStatus{"TimeZone", "UTC"}),
        kWasReset + kWasReset, frame('N', std::string(2, '\0')) + kWasReset, frame('A', "note") + kWasReset,
        kIsRight, std::string("C\0\0\0\2", 5), std::string("C\x7f\0\0\0", 5)}) {
    auto machine = ServerAnswer::to_reset();
    EXPECT_EQ(feed(machine, answer), Next::failed) << backend_text(answer);
    EXPECT_EQ(feed(machine, kWasReset), Next::failed);  // and stays so
  }
}

TEST(ServerReset, EveryOtherAnswerToTheQuestionFails) {
  const std::string head = from_server({"T"}), tail = from_server({"C SELECT 1", "Z I"});
  for (const std::string& answer :
       {head + row_of({"f"}) + tail, head + row_of({"t", "t"}) + tail, head + row_of({""}) + tail,
        head + row_of({"t"}) + row_of({"t"}) + tail, head + tail, row_of({"t"}) + tail,
        head + row_of({"t"}) + from_server({"C SELECT 2", "Z I"}),
        head + row_of({"t"}) + from_server({"C SELECT 1", "Z T"}), head + from_server({"C SELECT 0", "Z I"}),
        head + row_of({"t"}) + from_server({"E 42501", "Z I"}), kWasReset,
        bytes_of(wire::ParameterStatus{"TimeZone", "UTC"}) + kIsRight, kIsRight + "Z"}) {
    auto machine = check();
    EXPECT_EQ(feed(machine, answer), Next::failed) << backend_text(answer);
  }
}

TEST(ServerReset, AsksForAllThatALoginWouldTell) {
  const std::string asked = question();
  for (const auto* part :
       {"r.rolcanlogin", "r.rolvaliduntil", "'CONNECT'", "r.rolsuper", "r.rolcreaterole", "'login'",
        "current_schemas(true) OPERATOR(pg_catalog.=) ARRAY[E'pg_catalog',E'it''s']::pg_catalog.name[]",
        "current_setting(E'TimeZone', true) OPERATOR(pg_catalog.=) E'back\\\\slash'",
        "r.rolname OPERATOR(pg_catalog.=) E'agent_db'"}) {
    EXPECT_THAT(asked, ::testing::HasSubstr(part));
  }
  EXPECT_THAT(question(true), ::testing::Not(::testing::HasSubstr("rolsuper")));
}

TEST(ServerReset, AGreetingThatIsNoneIsNeverRight) {
  ServerState torn = state();
  torn.greeting.pop_back();
  EXPECT_THAT(frontend_text(ServerAnswer::to_check(torn, "agent_db", false).take_out()),
              ::testing::HasSubstr(" AND false"));
}

}  // namespace
}  // namespace portcullis::session
