#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "policy/function_entry.hpp"
#include "policy/object_pattern.hpp"

namespace portcullis::policy {
namespace {

ObjectPattern pattern(std::string_view text) {
  auto parsed = parse_object_pattern(text);
  const auto* found = std::get_if<ObjectPattern>(&parsed);
  EXPECT_NE(found, nullptr) << text << ": " << std::get<std::string>(parsed);
  return found == nullptr ? ObjectPattern{} : *found;
}
std::string problem(std::string_view text) {
  auto parsed = parse_object_pattern(text);
  const auto* found = std::get_if<std::string>(&parsed);
  EXPECT_NE(found, nullptr) << text;
  return found == nullptr ? "" : *found;
}
bool matches(std::string_view text, const std::string& schema, const std::string& name) {
  return pattern(text).matches({{}, schema, name});
}

TEST(ObjectPattern, MatchesByName) {
  EXPECT_TRUE(matches("app.orders", "app", "orders"));
  EXPECT_TRUE(matches("App.\"Orders\"", "app", "Orders"));
  EXPECT_FALSE(matches("app.orders", "public", "orders"));
  EXPECT_FALSE(matches("app.orders", "app", "users"));
  EXPECT_TRUE(matches("app.orders(a)", "app", "orders"));
  EXPECT_TRUE(matches("app.*", "app", "users"));
  EXPECT_FALSE(matches("app.*", "public", "users"));
  EXPECT_TRUE(matches("*.*", "public", "users"));
}

TEST(ObjectPattern, HasNoStarForWhatIsPostgresqlsOwn) {
  for (const auto* schema : {"pg_catalog", "information_schema", "pg_toast", "pg_temp", "pg_temp_3"}) {
    EXPECT_FALSE(matches("*.*", schema, "t")) << schema;
  }
  EXPECT_TRUE(matches("pg_catalog.*", "pg_catalog", "pg_class"));
  EXPECT_TRUE(matches("information_schema.tables", "information_schema", "tables"));
  EXPECT_FALSE(pattern("*.*").reaches_into("pg_catalog"));
  EXPECT_TRUE(pattern("*.*").reaches_into("app"));
  EXPECT_TRUE(pattern("app.t").reaches_into("app"));
  EXPECT_FALSE(pattern("app.t").reaches_into("public"));
}

// A role, or a name that was not found, is in no schema.
TEST(ObjectPattern, MatchesNothingOutsideSchemas) {
  EXPECT_FALSE(matches("*.*", "", "bob"));
  EXPECT_FALSE(matches("*.*", "app", ""));
  EXPECT_FALSE(matches("app.*", "", "app"));
}

TEST(ObjectPattern, ReadsColumns) {
  EXPECT_EQ(pattern("app.t(b, A,\"C d\" )").columns, (std::vector<std::string>{"C d", "a", "b"}));
  EXPECT_EQ(to_text(pattern("app.t(b, A,\"C d\" )")), "app.t(\"C d\", a, b)");
  EXPECT_EQ(to_text(pattern("*.*")), "*.*");
  EXPECT_EQ(to_text(pattern("\"My App\".*")), "\"My App\".*");
  EXPECT_EQ(problem("app.t(a, a)"), "\"app.t(a, a)\" names column \"a\" twice: take one out");
  for (const auto* text : {"app.t()", "app.t(*)", "app.t(1)", "app.t(,)"}) {
    EXPECT_NE(problem(text).find("has no list of columns behind it"), std::string::npos) << text;
  }
  for (const auto* text : {"app.t(a", "app.t(a)x", "app.t(a b)"}) {
    EXPECT_NE(problem(text).find("is no name of an object"), std::string::npos) << text;
  }
  EXPECT_NE(problem("app.t(" + std::string(64, 'x') + ")").find("longer than the 63 bytes"),
            std::string::npos);
}

TEST(ObjectPattern, KnowsNoOtherFormWithAStar) {
  for (const auto* text : {"*", "*.users", "*.*.*", "app.*(a)", "app.*x", "app.**"}) {
    EXPECT_NE(problem(text).find("is no pattern: write schema.*, *.* or the name of an object"),
              std::string::npos)
        << text;
  }
  EXPECT_NE(problem("pg_temp.*").find("no rule can name"), std::string::npos);
}

TEST(ObjectPattern, KnowsWhatItIncludes) {
  const auto includes = [](std::string_view outer, std::string_view inner) {
    return pattern(outer).includes(pattern(inner));
  };
  EXPECT_TRUE(includes("app.*", "app.t"));
  EXPECT_TRUE(includes("app.*", "app.t(a)"));
  EXPECT_TRUE(includes("*.*", "app.*"));
  EXPECT_TRUE(includes("app.t(a, b)", "app.t(b)"));
  EXPECT_FALSE(includes("app.t(a)", "app.t(a, b)"));
  EXPECT_FALSE(includes("app.t(a)", "app.t"));
  EXPECT_FALSE(includes("app.t", "app.*"));
  EXPECT_FALSE(includes("app.*", "*.*"));
  EXPECT_FALSE(includes("*.*", "pg_catalog.pg_class"));
}

FunctionEntry entry(std::string_view text) {
  auto parsed = parse_function_entry(text);
  const auto* found = std::get_if<FunctionEntry>(&parsed);
  EXPECT_NE(found, nullptr) << text;
  return found == nullptr ? FunctionEntry{} : *found;
}

TEST(FunctionEntry, ReadsSignaturesAsTheServerPrintsThem) {
  EXPECT_EQ(to_text(entry("app.f")), "app.f");
  EXPECT_EQ(to_text(entry("app.f()")), "app.f()");
  EXPECT_EQ(to_text(entry("App.f( INTEGER,Text )")), "app.f(integer, text)");
  EXPECT_EQ(to_text(entry("app.f(character  varying , app.\"My Type\")")),
            "app.f(character varying, app.\"My Type\")");
  EXPECT_EQ(to_text(entry("extension vector")), "extension vector");
  EXPECT_EQ(to_text(entry("extension \"uuid-ossp\"")), "extension uuid-ossp");
  EXPECT_EQ(to_text(entry("extension uuid-ossp")), "extension uuid-ossp");
  for (const auto* text : {"f", "app.f(integer", "app.f)", "app.*", "extension ", "extension a b", ""}) {
    EXPECT_TRUE(std::holds_alternative<std::string>(parse_function_entry(text))) << text;
  }
}

TEST(FunctionEntry, NamesOneOverloadOrAll) {
  catalog::ResolvedEffect call;
  call.effect.kind = sql::ObjectKind::function;
  call.effect.object = {{}, "app", "f"};
  call.oid = 20000;
  call.arguments = "integer";
  call.extension = "vector";
  for (const auto* text : {"app.f", "app.f(integer)", "extension vector"}) {
    EXPECT_TRUE(entry(text).surely_names(call, true)) << text;
    EXPECT_TRUE(entry(text).may_name(call, true)) << text;
  }
  for (const auto* text : {"app.g", "app.f(text)", "app.f()", "extension other", "public.f"}) {
    EXPECT_FALSE(entry(text).surely_names(call, true)) << text;
    EXPECT_FALSE(entry(text).may_name(call, true)) << text;
  }
  // Without a catalog the overload cannot be told: not allowed by it, and denied by it.
  call.oid = catalog::kNoOid;
  call.arguments = call.extension = {};
  EXPECT_TRUE(entry("app.f").surely_names(call, false));
  EXPECT_FALSE(entry("app.f(integer)").surely_names(call, false));
  EXPECT_TRUE(entry("app.f(integer)").may_name(call, false));
  EXPECT_FALSE(entry("extension vector").surely_names(call, false));
}

}  // namespace
}  // namespace portcullis::policy
