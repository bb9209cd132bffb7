#include "session/parameters.hpp"

#include "relay_fixture.hpp"
#include "sql/analyze.hpp"

namespace portcullis::session {
namespace {

using Lines = std::vector<std::string>;

class ParametersTest : public RelayFixture {
 protected:
  static sql::Facts facts_of(std::string_view text) {
    const auto facts = sql::analyze(text);
    EXPECT_TRUE(facts) << text;
    return facts ? *facts : sql::Facts{};
  }
  static bool waits(std::string_view text, std::vector<std::uint32_t> types = {}) {
    return without_open_calls(facts_of(text), types).has_value();
  }
  // What Bind with these values is told.
  std::string told(std::string_view text, std::vector<std::optional<std::string_view>> values,
                   std::vector<std::uint16_t> formats = {}, std::vector<std::uint32_t> types = {}) {
    client(bytes_of(wire::Parse{"", text, types}, wire::Bind{"", "", formats, values, {}}));
    const auto last = sink.told().back();
    client(bytes_of(wire::Sync{}));
    server({"E 42601", "Z I"});
    return last;
  }
};

TEST_F(ParametersTest, CallsOnAParameterWaitForBind) {
  EXPECT_TRUE(waits("select set_config($1, $2, false)"));
  EXPECT_TRUE(waits("select pg_catalog.set_config('timezone', $1::text, false)", {25}));
  EXPECT_TRUE(waits("select current_setting($1), nextval($2)", {0, 1043}));
  EXPECT_FALSE(waits("select set_config('timezone', 'UTC', false)"));
  EXPECT_FALSE(waits("select app.set_config($1, $2, false)"));
  EXPECT_FALSE(waits("select lower($1)"));
  EXPECT_FALSE(waits("select set_config($1 || 'x', $2::int::text, false)"));
}

// A value of another type may be read as something else than it says.
TEST_F(ParametersTest, OnlyTextIsWaitedFor) {
  for (const std::uint32_t type : {19u, 23u, 705u, 1042u, 99999u}) {
    EXPECT_FALSE(waits("select set_config($1, 'x', false)", {type})) << type;
  }
}

TEST_F(ParametersTest, BindIsJudgedByTheValues) {
  const auto* text = "select set_config($1, $2, false)";
  EXPECT_EQ(told(text, {"timezone", "UTC"}), "allow Bind");
  EXPECT_EQ(told(text, {"search_path", "app"}), "allow Bind");
  EXPECT_EQ(told(text, {"search_path", "secret"}), "deny Bind 42501");
  EXPECT_EQ(told(text, {"row_security", "off"}), "deny Bind 42501");
  EXPECT_EQ(told(text, {"client_encoding", "SJIS"}), "deny Bind 42501");
}

TEST_F(ParametersTest, WhatIsNotGivenAsTextIsRefused) {
  const auto* text = "select set_config($1, 'UTC', false)";
  EXPECT_EQ(told(text, {std::nullopt}), "deny Bind 42501");
  EXPECT_EQ(told(text, {"timezone"}, {1}), "deny Bind 42501");
  EXPECT_EQ(told(text, {}), "deny Bind 42501");
  EXPECT_EQ(told(text, {std::string(2'000, 'a')}), "deny Bind 42501");
  EXPECT_EQ(told("select set_config($1, $2, false)", {"timezone", "UTC"}, {0, 1}), "allow Bind");
  EXPECT_EQ(told("select set_config($1, $2, false)", {"search_path", "app"}, {0, 1}), "deny Bind 42501");
}

TEST_F(ParametersTest, TheRestIsJudgedAtParse) {
  for (const auto* text : {"select set_config($1, 'x', false), pg_read_file('x')",
                           "select set_config($1, 'x', false) from app.secret"}) {
    client(bytes_of(wire::Parse{"", text, {}}));
    EXPECT_EQ(sink.told().back(), "deny Parse 42501") << text;
  }
}

TEST_F(ParametersTest, WhatExecuteRunsIsNotWaitedFor) {
  client(bytes_of(wire::Query{"prepare p as select set_config($1, $2, false)"}));
  EXPECT_EQ(sink.told().back(), "deny Query 42501");
  client(bytes_of(wire::Parse{"q", "prepare p as select set_config($1, $2, false)", {}}));
  EXPECT_EQ(sink.told().back(), "deny Parse 42501");
}

TEST_F(ParametersTest, ExecuteByNameOfWhatWaitedIsRefused) {
  client(bytes_of(wire::Parse{"s", "select set_config($1, $2, false)", {}}, wire::Sync{}));
  server({"1", "Z I"});
  client(bytes_of(wire::Query{"execute s ('timezone', 'UTC')"}));
  EXPECT_EQ(sink.told().back(), "deny Query 42501");
}

TEST_F(ParametersTest, AMoveOfTheLookupIsFollowed) {
  client(bytes_of(wire::Parse{"", "select set_config($1, $2, false)", {}},
                  wire::Bind{"", "", {}, {"search_path", "app"}, {}}, wire::Execute{"", 0}, wire::Sync{}));
  server({"1", "2", "C SELECT 1", "Z I"});
  (void)sent_to_server();
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas();
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

}  // namespace
}  // namespace portcullis::session
