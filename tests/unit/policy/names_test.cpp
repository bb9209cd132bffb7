#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "policy/object_name.hpp"

namespace portcullis::policy {
namespace {

sql::Name name_of(std::string_view text) {
  auto parsed = parse_object_name(text);
  const auto* name = std::get_if<sql::Name>(&parsed);
  EXPECT_NE(name, nullptr) << text;
  return name == nullptr ? sql::Name{} : *name;
}
std::string problem_of(std::string_view text) {
  auto parsed = parse_object_name(text);
  const auto* problem = std::get_if<std::string>(&parsed);
  EXPECT_NE(problem, nullptr) << text;
  return problem == nullptr ? "" : *problem;
}

TEST(ParseObjectName, ReadsIdentifiersAsPostgresqlDoes) {
  EXPECT_EQ(name_of("app.orders"), (sql::Name{{}, "app", "orders"}));
  EXPECT_EQ(name_of("App.ORDERS_2$"), (sql::Name{{}, "app", "orders_2$"}));
  EXPECT_EQ(name_of(R"(app."Order Items")"), (sql::Name{{}, "app", "Order Items"}));
  EXPECT_EQ(name_of(R"("a.b"."say ""hi""")"), (sql::Name{{}, "a.b", "say \"hi\""}));
  EXPECT_EQ(name_of("app.\xC3\x84pfel"), (sql::Name{{}, "app", "\xC3\x84pfel"}));  // only ASCII is folded
}

TEST(ParseObjectName, SaysWhatIsWrong) {
  EXPECT_EQ(problem_of("orders"),
            "\"orders\" has no schema: write schema.orders, for a rule must not depend on a search_path");
  EXPECT_EQ(problem_of("db.app.orders"), "\"db.app.orders\" has more than two parts: write schema.table");
  EXPECT_EQ(problem_of("pg_temp_3.x"),
            "no rule can name an object of \"pg_temp_3\": the gate refuses statements that name that schema");
  EXPECT_NE(problem_of("app." + std::string(64, 'x')).find("longer than the 63 bytes"), std::string::npos);
  for (const auto* text : {"", ".", "app.", ".x", "app..x", "app. x", "app.x ", "1a.x", "app.\"x", "app.\"\"",
                           "a-b.c", "app.x;", "app.x*", "\"a\"b.c", "app.*", "*.*", "app.t(c)"}) {
    EXPECT_NE(problem_of(text).find("is no name of an object"), std::string::npos) << text;
  }
  EXPECT_NE(problem_of(std::string_view("app.\"a\0b\"", 9)).find("is no name of an object"),
            std::string::npos);
}

TEST(Quoted, QuotesWhatCouldPassForSomethingElse) {
  EXPECT_EQ(quoted({{}, "app", "orders"}), "app.orders");
  EXPECT_EQ(quoted({{}, "app", "Order Items"}), "app.\"Order Items\"");
  EXPECT_EQ(quoted({"db", "", "x. Allowed here: all\n\"."}), "db.\"x. Allowed here: all?\"\".\"");
}

}  // namespace
}  // namespace portcullis::policy
