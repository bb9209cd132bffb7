#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "policy/builtin_lists.hpp"
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
  EXPECT_EQ(problem_of("app.*"),
            "this version does not enforce patterns such as \"app.*\" yet: remove it and name each "
            "object as schema.table");
  EXPECT_EQ(problem_of("*.*").substr(0, 39), "this version does not enforce patterns ");
  EXPECT_EQ(problem_of("app.t(c)"),
            "this version does not enforce lists of columns or arguments such as \"app.t(c)\" yet: "
            "remove it and name each object as schema.table");
  EXPECT_EQ(problem_of("pg_temp_3.x"),
            "no rule can name an object of \"pg_temp_3\": the gate refuses statements that name that schema");
  EXPECT_NE(problem_of("app." + std::string(64, 'x')).find("longer than the 63 bytes"), std::string::npos);
  for (const auto* text : {"", ".", "app.", ".x", "app..x", "app. x", "app.x ", "1a.x", "app.\"x", "app.\"\"",
                           "a-b.c", "app.x;", "app.x*", "\"a\"b.c"}) {
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

TEST(BuiltinLists, HoldWhatIsHarmlessAndNothingElse) {
  for (const auto* name :
       {"count", "lower", "now", "json_build_object", "array_agg", "generate_series", "unnest", "to_char",
        "format", "row_number", "current_database", "version", "jsonb_array_elements", "extract"}) {
    EXPECT_TRUE(is_shipped_function(name)) << name;
    EXPECT_TRUE(is_harmless_function("pg_catalog", name)) << name;
  }
  for (const auto* name : {"set_config",
                           "current_setting",
                           "pg_read_file",
                           "pg_sleep",
                           "lo_import",
                           "query_to_xml",
                           "table_to_xml",
                           "ts_stat",
                           "ts_rewrite",
                           "cursor_to_xml",
                           "nextval",
                           "setval",
                           "pg_terminate_backend",
                           "pg_notify",
                           "pg_advisory_lock",
                           "xpath",
                           "dblink",
                           "",
                           "COUNT",
                           "pg_stat_get_activity",
                           "pg_logical_emit_message",
                           "has_no_such_name"}) {
    EXPECT_FALSE(is_shipped_function(name)) << name;
    EXPECT_FALSE(is_harmless_function("pg_catalog", name)) << name;
  }
  EXPECT_FALSE(is_shipped_function("pg_get_viewdef"));
  EXPECT_TRUE(is_harmless_function("pg_catalog", "pg_get_viewdef"));
  EXPECT_TRUE(is_harmless_function("information_schema", "_pg_expandarray"));
  EXPECT_FALSE(is_harmless_function("app", "lower"));
  EXPECT_TRUE(is_catalog_relation("pg_class"));
  EXPECT_FALSE(is_catalog_relation("pg_stat_io"));  // not in every version
}

}  // namespace
}  // namespace portcullis::policy
