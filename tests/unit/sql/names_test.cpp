// Names come out as PostgreSQL reads them, and comments make no difference to that.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/sql/describe.hpp"

namespace portcullis::sql {
namespace {

using testing::describe;

TEST(Names, AreCutTo63Bytes) {
  const std::string long_name(80, 'a');
  const std::string cut(63, 'a');
  EXPECT_EQ(describe("select * from " + long_name), "SELECT (reads): select " + cut);
  EXPECT_EQ(describe("select * from \"" + long_name + "\""), "SELECT (reads): select " + cut);
  EXPECT_EQ(describe("drop table " + long_name + "." + long_name),
            "DROP TABLE: drop table " + cut + "." + cut);
  EXPECT_EQ(describe("select " + long_name + "(1)"), "SELECT: execute function function:" + cut);
}

TEST(Names, AreCutBetweenCharacters) {
  std::string name, cut;
  for (int i = 0; i < 40; ++i) name += "\xC3\xA4";  // two bytes each
  for (int i = 0; i < 31; ++i) cut += "\xC3\xA4";
  EXPECT_EQ(describe("select * from \"" + name + "\""), "SELECT (reads): select " + cut);
  EXPECT_EQ(describe("drop table " + name), "DROP TABLE: drop table " + cut);
}

TEST(Names, FoldOnlyAsciiAndOnlyUnquoted) {
  EXPECT_EQ(describe("select * from AbC"), "SELECT (reads): select abc");
  EXPECT_EQ(describe("select * from \"AbC\""), "SELECT (reads): select AbC");
  EXPECT_EQ(describe("select * from \"a\"\"b\""), "SELECT (reads): select a\"b");
  EXPECT_EQ(describe("select * from \xC3\x84"), "SELECT (reads): select \xC3\x84");
}

TEST(Names, ReadUnicodeEscapes) {
  EXPECT_EQ(describe("select * from U&\"\\0075sers\""), "SELECT (reads): select users");
  EXPECT_EQ(describe("select * from u&\"!0075sers\" uescape '!'"), "SELECT (reads): select users");
  EXPECT_EQ(describe("select * from u&\"!0075sers\" /* c */ uescape --\n '!'"),
            "SELECT (reads): select users");
}

TEST(Names, QuotedOnesHideNothing) {
  EXPECT_EQ(describe("select * from \"users\""), "SELECT (reads): select users");
  EXPECT_EQ(describe("select * from \"app\".\"users\""), "SELECT (reads): select app.users");
  EXPECT_EQ(describe("select * from app/**/./**/users"), "SELECT (reads): select app.users");
  EXPECT_EQ(describe("select * from app --x\n . users"), "SELECT (reads): select app.users");
}

TEST(Comments, ChangeNothingWhereTheGrammarLooksAhead) {
  EXPECT_EQ(describe("select 1 not /*c*/ in (1)"), "SELECT (reads)");
  EXPECT_EQ(describe("select * from t order by a nulls /*c*/ first"), "SELECT (reads): select t");
  EXPECT_EQ(describe("select '1'::time with /*c*/ time zone"), "SELECT (reads)");
  EXPECT_EQ(describe("select 'a' --c\n 'b'"), "SELECT (reads)");
  EXPECT_EQ(describe("select U&'\\0041' /*c*/ uescape '!'"), "SELECT (reads)");
  EXPECT_EQ(describe("with /*c*/ x as (select 1) select * from x"), "SELECT (reads)");
}

TEST(Comments, DoNotJoinStrings) {
  EXPECT_EQ(describe("select 'a' /*c*/\n 'b'").substr(0, 11), "ERROR 42601");
  EXPECT_EQ(describe("select 'a' /*\n*/ 'b'").substr(0, 11), "ERROR 42601");
}

TEST(Comments, HideNoStatement) {
  EXPECT_EQ(describe("select 1 --\n; drop table t"), "SELECT (reads) | DROP TABLE: drop table t");
  EXPECT_EQ(describe("select 1 --\r; drop table t"), "SELECT (reads) | DROP TABLE: drop table t");
  EXPECT_EQ(describe("select 1 /* /* */ */; drop table t"), "SELECT (reads) | DROP TABLE: drop table t");
  EXPECT_EQ(describe("select E'\\' --'; drop table t"), "SELECT (reads) | DROP TABLE: drop table t");
  EXPECT_EQ(describe("select '\\' --'; drop table t"), "SELECT (reads)");
  EXPECT_EQ(describe("select $a$ -- $a$; drop table t"), "SELECT (reads) | DROP TABLE: drop table t");
  EXPECT_EQ(describe("select 'a' --\n'; drop table t; --'"), "SELECT (reads)");
}

}  // namespace
}  // namespace portcullis::sql
