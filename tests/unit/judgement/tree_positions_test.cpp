// Every message and field that the parser's own list has, and every place in them, with something in it that
// the analysis does not know: refused, each one.
#include <gtest/gtest.h>

#include <simdjson.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sql/node.hpp"
#include "sql/node_handlers.hpp"
#include "sql/tree_schema.hpp"
#include "tests/unit/judgement/proto_file.hpp"

namespace portcullis::sql {
namespace {

using testing::ProtoField;
using testing::ProtoFile;

const ProtoFile& proto() {
  static const ProtoFile file = testing::read_proto(PORTCULLIS_PROTO);
  return file;
}

// The SQLSTATE of the refusal; empty where the tree is accepted. The node stands where a statement does.
std::string refusal_of(const std::string& node, const std::string& fields) {
  const std::string json = R"({"stmt":{")" + node + "\":" + fields + "}}";
  simdjson::dom::parser parser;
  simdjson::dom::object root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return "not JSON: " + json;
  const auto checked = check_tree(Node("RawStmt", root));
  return checked ? "" : std::string(checked.error().code.view());
}
std::string with(const std::string& field, const std::string& value) {
  return "{\"" + field + "\":" + value + '}';
}
std::string text(std::string_view view) {
  return std::string(view);
}

const std::string kNotUnderstood = "0A000";

// One value of each JSON type, and what of them the schema's kind lets pass.
std::vector<std::string> values_of_no(FieldKind kind) {
  switch (kind) {
    case FieldKind::flag: return {"1", "\"true\"", "[]", "{}", "null"};
    case FieldKind::number: return {"true", "\"1\"", "1.5", "[]", "{}", "null", "1e3"};
    case FieldKind::text: return {"1", "true", "[]", "{}", "null"};
    case FieldKind::word: return {"1", "true", "[]", "{}", "null", "\"\"", "\"NEW_WORD\""};
    case FieldKind::node: return {"1", "true", "\"x\"", "[]", "null"};
    case FieldKind::list: return {"1", "true", "\"x\"", "{}", "null", "[1]", "[null]", "[[]]", "[\"x\"]"};
    case FieldKind::message: return {"1", "true", "\"x\"", "[]", "null"};
  }
  return {};
}

// What is wrong below the field, though the field itself is as the schema says.
std::vector<std::string> unknown_in(const Field& field) {
  const std::vector<std::string> nodes{R"({"NewNode":{}})", R"({"String":{"new_field":1}})",
                                       R"({"String":{},"Integer":{}})", R"({"String":5})",
                                       R"({"A_Expr":{"kind":"AEXPR_NEW"}})",
                                       // Known to the parser, never made by its grammar.
                                       R"({"Query":{}})", R"({"FuncExpr":{}})"};
  switch (field.kind) {
    case FieldKind::node: return nodes;
    case FieldKind::message: return {R"({"new_field":1})", R"({"NewNode":{}})"};
    case FieldKind::list: {
      std::vector<std::string> lists;
      for (const std::string& node : nodes) {
        lists.push_back('[' + node + ']');
        lists.push_back("[{},{\"String\":{}}," + node + ']');
        lists.push_back("[{\"List\":{\"items\":[" + node + "]}}]");
      }
      return lists;
    }
    case FieldKind::flag:
    case FieldKind::number:
    case FieldKind::text:
    case FieldKind::word: return {};
  }
  return {};
}

TEST(TreePositions, EveryMessageOfTheParserIsKnownOrRefused) {
  std::size_t known = 0, refused = 0;
  for (const auto& [message, fields] : proto().messages) {
    const bool is_known = !fields_of(message).empty();
    EXPECT_EQ(refusal_of(message, "{}"), is_known ? "" : kNotUnderstood) << message;
    EXPECT_TRUE(is_known || handler_of(message) == nullptr) << message;
    ++(is_known ? known : refused);
  }
  EXPECT_GT(known, 150u);
  EXPECT_GT(refused, 30u);
}

TEST(TreePositions, TheSchemaHasNothingThatTheParserHasNot) {
  for (const Field& field : all_fields()) {
    const auto message = proto().messages.find(text(field.node));
    ASSERT_NE(message, proto().messages.end()) << field.node;
    const auto has = [&](const ProtoField& one) { return one.name == field.name; };
    EXPECT_TRUE(field.name.empty() || std::any_of(message->second.begin(), message->second.end(), has))
        << field.node << ' ' << field.name;
  }
}

bool agrees(const Field& known, const ProtoField& field) {
  switch (known.kind) {
    case FieldKind::flag: return field.type == "bool" && !field.repeated;
    case FieldKind::number: return field.type.find("int") != std::string::npos && !field.repeated;
    case FieldKind::text: return field.type == "string" && !field.repeated;
    case FieldKind::word: return proto().enumerations.contains(field.type) && known.of == field.type;
    case FieldKind::node: return field.type == "Node" && !field.repeated;
    case FieldKind::list: return field.type == "Node" && field.repeated;
    case FieldKind::message: return known.of == field.type && !field.repeated;
  }
  return false;
}

TEST(TreePositions, EveryFieldOfTheParserIsKnownForWhatItIsOrRefused) {
  std::size_t known = 0;
  for (const auto& [message, fields] : proto().messages) {
    if (fields_of(message).empty()) continue;
    for (const ProtoField& field : fields) {
      if (const Field* const found = find_field(message, field.name)) {
        EXPECT_TRUE(agrees(*found, field)) << message << ' ' << field.name;
        ++known;
        continue;
      }
      for (const std::string value : {"true", "1", "\"x\"", "{}", "[]", "[{}]", "null"}) {
        EXPECT_EQ(refusal_of(message, with(field.name, value)), kNotUnderstood)
            << message << ' ' << field.name << ' ' << value;
      }
    }
  }
  EXPECT_GT(known, 700u);
}

TEST(TreePositions, AFieldThatNobodyKnowsIsRefusedInEveryNode) {
  for (const Field& field : all_fields()) {
    for (const std::string name : {"new_field", "", "LOCATION", "location "}) {
      if (find_field(field.node, name) != nullptr) continue;
      for (const std::string value : {"true", "0", "\"\"", "{}", "[]", "null"}) {
        EXPECT_EQ(refusal_of(text(field.node), with(name, value)), kNotUnderstood) << field.node;
      }
    }
  }
}

TEST(TreePositions, AValueOfAnotherKindIsRefusedInEveryField) {
  for (const Field& field : all_fields()) {
    if (field.name.empty()) continue;
    for (const std::string& value : values_of_no(field.kind)) {
      EXPECT_EQ(refusal_of(text(field.node), with(text(field.name), value)), kNotUnderstood)
          << field.node << ' ' << field.name << ' ' << value;
    }
  }
}

TEST(TreePositions, EveryWordIsOneOfItsEnumeration) {
  std::set<std::string> all;
  for (const auto& [name, words] : proto().enumerations) all.insert(words.begin(), words.end());
  std::size_t accepted = 0;
  for (const Field& field : all_fields()) {
    if (field.kind != FieldKind::word) continue;
    const auto& own = proto().enumerations.at(text(field.of));
    for (const std::string& word : all) {
      const bool fits = std::find(own.begin(), own.end(), word) != own.end() && !word.ends_with("_UNDEFINED");
      EXPECT_EQ(refusal_of(text(field.node), with(text(field.name), '"' + word + '"')),
                fits ? "" : kNotUnderstood)
          << field.node << ' ' << field.name << ' ' << word;
      accepted += fits ? 1 : 0;
    }
  }
  EXPECT_GT(accepted, 200u);
}

TEST(TreePositions, WhatNobodyKnowsIsRefusedBelowEveryField) {
  std::size_t tried = 0;
  for (const Field& field : all_fields()) {
    for (const std::string& value : unknown_in(field)) {
      EXPECT_EQ(refusal_of(text(field.node), with(text(field.name), value)), kNotUnderstood)
          << field.node << ' ' << field.name << ' ' << value;
      ++tried;
    }
  }
  EXPECT_GT(tried, 2'000u);
}

}  // namespace
}  // namespace portcullis::sql
