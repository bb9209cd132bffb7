// What MCP servers really send: all of it must be understood.
#include <gtest/gtest.h>

#include <simdjson.h>

#include <string>

#include "tests/support/big_stack.hpp"

namespace portcullis::sql {
namespace {

TEST(McpStatements, AreAllUnderstood) {
  simdjson::dom::parser parser;
  simdjson::dom::document_stream lines;
  ASSERT_EQ(parser.load_many(PORTCULLIS_MCP_STATEMENTS).get(lines), simdjson::SUCCESS);
  int understood = 0;
  for (auto line : lines) {
    std::string_view sql, client;
    ASSERT_EQ(line["sql"].get(sql), simdjson::SUCCESS);
    ASSERT_EQ(line["client"].get(client), simdjson::SUCCESS);
    const auto facts = portcullis::testing::analyze_on_big_stack(sql);
    EXPECT_TRUE(facts) << client << ": " << sql << "\n" << (facts ? "" : facts.error().message);
    if (facts) ++understood;
  }
  EXPECT_EQ(understood, 211);
}

}  // namespace
}  // namespace portcullis::sql
