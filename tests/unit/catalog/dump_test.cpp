#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "catalog/queries.hpp"
#include "catalog/snapshot_builder.hpp"

namespace portcullis::catalog {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kVersion = 150018;

// A dump with one schema of that name and the server's row; nothing else.
std::string dump_with_schema(std::string_view name) {
  DumpWriter writer(kVersion);
  for (std::size_t query = 0; query < queries(kVersion).size(); ++query) {
    writer.begin_query(query);
    if (query == 0) writer.add_row(std::vector<Field>{"150018", "shop", "abc"});
    if (query == 1) writer.add_row(std::vector<Field>{"16384", name});
  }
  return writer.take();
}

std::string refusal(std::string_view text) {
  const auto read = read_dump(text);
  return read ? "read" : read.error().message;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  return text.replace(text.find(what), what.size(), with);
}

TEST(Dump, ComesBackAsItWas) {
  const auto read = read_dump(dump_with_schema("app"));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ((*read)->server_version(), kVersion);
  EXPECT_EQ((*read)->database(), "shop");
  EXPECT_EQ((*read)->fingerprint(), "abc");
  EXPECT_NE((*read)->schema("app"), nullptr);
}

TEST(Dump, KeepsNamesWithEveryCharacter) {
  for (const std::string_view name :
       {"a\tb", "a\nb", "a\\b", "\\N", "\\n", "# schemas", "a\r\v\b\f", "\xC3\xA4", "\\."}) {
    const auto read = read_dump(dump_with_schema(name));
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_NE((*read)->schema(name), nullptr) << name;
  }
}

TEST(Dump, IsTheTextFormOfCopy) {
  EXPECT_THAT(dump_with_schema("a\tb"),
              StartsWith("portcullis catalog 1 150018\n# server\n150018\tshop\tabc\n"
                         "# schemas\n16384\ta\\tb\n# relations\n"));
  DumpWriter writer(kVersion);
  writer.add_row(std::vector<Field>{std::nullopt, ""});
  EXPECT_EQ(writer.take(), "portcullis catalog 1 150018\n\\N\t\n");
}

TEST(Dump, RefusesWhatIsNoDump) {
  for (const std::string_view text : {"", "\n", "portcullis catalog 2 150018\n", "portcullis catalog 1 15x\n",
                                      "portcullis catalog 1 \n", "PGDMP", "{}"})
    EXPECT_THAT(refusal(text), HasSubstr("not the first line")) << text;
}

TEST(Dump, RefusesVersionsThatAreNotRead) {
  EXPECT_THAT(refusal("portcullis catalog 1 120000\n"), HasSubstr("server version"));
  EXPECT_THAT(refusal("portcullis catalog 1 190000\n"), HasSubstr("server version"));
}

TEST(Dump, RefusesOneThatEndsEarly) {
  const std::string whole = dump_with_schema("app");
  EXPECT_THAT(refusal(whole.substr(0, whole.find("# casts"))), HasSubstr(R"("casts" is missing)"));
  for (std::size_t size = 0; size + 1 < whole.size(); ++size)
    EXPECT_FALSE(read_dump(std::string_view(whole).substr(0, size)).has_value()) << size;
}

TEST(Dump, NamesTheLineOfADamagedRow) {
  const std::string whole = dump_with_schema("app");
  EXPECT_THAT(refusal(replaced(whole, "16384\tapp", "16384")), HasSubstr("line 5 of the catalog"));
  EXPECT_THAT(refusal(replaced(whole, "16384\tapp", "x\tapp")), HasSubstr("line 5 of the catalog"));
  EXPECT_THAT(refusal(replaced(whole, "16384\tapp", "16384\t\\N")), HasSubstr("line 5 of the catalog"));
  EXPECT_THAT(refusal(replaced(whole, "16384\tapp", "")), HasSubstr("line 5 of the catalog"));
}

TEST(Dump, RefusesHeadingsOutOfOrderAndRowsBeforeThem) {
  const std::string whole = dump_with_schema("app");
  EXPECT_THAT(refusal(replaced(whole, "# schemas", "# relations")), HasSubstr("line 4 of the catalog"));
  EXPECT_THAT(refusal(replaced(whole, "# server\n", "")), HasSubstr("line 2 of the catalog"));
  EXPECT_THAT(refusal(whole + "# schemas\n"), HasSubstr("not the heading"));
}

TEST(Dump, RefusesBackslashesThatStandForNothing) {
  const std::string whole = dump_with_schema("app");
  for (const std::string_view end : {"\\", "\\x", "\\N\\"})
    EXPECT_THAT(refusal(replaced(whole, "\tapp", "\t" + std::string(end))), HasSubstr("backslash")) << end;
}

}  // namespace
}  // namespace portcullis::catalog
