// The walk is total: every node of the schema has a handler, and what is not in the schema is refused.
#include <gtest/gtest.h>

#include <simdjson.h>

#include <set>
#include <string>

#include "sql/node.hpp"
#include "sql/node_handlers.hpp"
#include "sql/tree_schema.hpp"

namespace portcullis::sql {
namespace {

std::string checked(std::string_view json, std::string_view type = "RawStmt") {
  simdjson::dom::parser parser;
  simdjson::dom::object fields;
  if (parser.parse(json.data(), json.size()).get(fields) != simdjson::SUCCESS) return "not JSON";
  const auto result = check_tree(Node(type, fields));
  return result ? "" : result.error().message;
}

TEST(TreeSchema, GivesEveryNodeAHandler) {
  // Their parents read these.
  const std::set<std::string_view> read_by_parents{"AlterTableCmd",  "IntoClause", "LockingClause",
                                                   "PartitionCmd",   "RawStmt",    "TableLikeClause",
                                                   "VacuumRelation", "WithClause"};
  for (const Field& field : all_fields()) {
    EXPECT_NE(handler_of(field.node) != nullptr, read_by_parents.contains(field.node)) << field.node;
  }
}

TEST(TreeSchema, KnowsWhatItsOwnFieldsHold) {
  for (const Field& field : all_fields()) {
    EXPECT_EQ(field.kind == FieldKind::message, !fields_of(field.of).empty())
        << field.node << ' ' << field.name;
    EXPECT_EQ(find_field(field.node, field.name), &field);
  }
}

TEST(TreeCheck, AcceptsWhatTheGrammarMakes) {
  EXPECT_EQ(checked(R"({"stmt":{"SelectStmt":{"limitOption":"LIMIT_OPTION_DEFAULT","op":"SETOP_NONE"}}})"),
            "");
  EXPECT_EQ(
      checked(R"({"stmt":{"SelectStmt":{"targetList":[{},{"ResTarget":{"location":7}}]}},"stmt_len":3})"),
      "");
}

TEST(TreeCheck, RefusesAnUnknownNode) {
  EXPECT_EQ(checked(R"({"stmt":{"NewStmt":{}}})"),
            "not understood: a node \"NewStmt\"; write the statement in another way");
  EXPECT_NE(checked(R"({"stmt":{"Query":{}}})"), "");  // known to PostgreSQL, but never made by the grammar
}

TEST(TreeCheck, RefusesAnUnknownField) {
  EXPECT_EQ(
      checked(R"({"stmt":{"SelectStmt":{"qualify":true}}})"),
      "not understood: the field \"qualify\" of a node \"SelectStmt\"; write the statement in another way");
}

TEST(TreeCheck, RefusesAnUnknownValue) {
  EXPECT_NE(checked(R"({"stmt":{"SelectStmt":{"op":"SETOP_NEW"}}})"), "");
  EXPECT_NE(checked(R"({"stmt":{"SelectStmt":{"op":"SET_OPERATION_UNDEFINED"}}})"), "");
  EXPECT_NE(checked(R"({"stmt":{"SelectStmt":{"op":"LIMIT_OPTION_DEFAULT"}}})"), "");
}

TEST(TreeCheck, RefusesAValueOfAnotherKind) {
  EXPECT_NE(checked(R"({"stmt":{"SelectStmt":{"all":1}}})"), "");
  EXPECT_NE(checked(R"({"stmt":{"SelectStmt":{"targetList":{}}}})"), "");
  EXPECT_NE(checked(R"({"stmt":{"SelectStmt":{"targetList":[1]}}})"), "");
  EXPECT_NE(checked(R"({"stmt":{"SelectStmt":{"larg":[]}}})"), "");
  EXPECT_NE(checked(R"({"stmt":{"SelectStmt":5}})"), "");
  EXPECT_NE(checked(R"({"stmt":{"SelectStmt":{},"DropStmt":{}}})"), "");
  EXPECT_NE(checked(R"({"stmt":5})"), "");
  EXPECT_NE(checked(R"({"stmt_len":"x"})"), "");
}

TEST(TreeCheck, LooksBelow) {
  EXPECT_NE(checked(R"({"stmt":{"SelectStmt":{"larg":{"fromClause":[{"RangeVar":{"new":1}}]}}}})"), "");
}

}  // namespace
}  // namespace portcullis::sql
