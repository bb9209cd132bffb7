// What pg_restore lists and says, and what of it a copy takes.
#include "shadow/copy_queries.hpp"

#include <gmock/gmock.h>

namespace portcullis::shadow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kList = R"(;
; Archive created at 2026-11-21 23:00:00 UTC
;
6; 2615 16389 SCHEMA - app owner
2; 3079 16390 EXTENSION - pgcrypto 
650; 1247 16400 TYPE app status owner
215; 1259 16401 TABLE app orders owner
220; 1255 16402 FUNCTION public fires() owner
230; 6104 16403 PUBLICATION - all owner
231; 6104 16404 PUBLICATION - some owner
3400; 3466 16405 EVENT TRIGGER - guard postgres
217; 1259 16406 FOREIGN TABLE app far owner
3401; 0 0 ACL - SCHEMA app owner
)";

TEST(CopyContents, LeaveOutWhatACopyHasOrCannotHave) {
  const auto contents = contents_of(kList, {"all"});
  EXPECT_EQ(contents.to_restore, R"(650; 1247 16400 TYPE app status owner
215; 1259 16401 TABLE app orders owner
220; 1255 16402 FUNCTION public fires() owner
231; 6104 16404 PUBLICATION - some owner
)");
  EXPECT_THAT(contents.left_out,
              ElementsAre("EVENT TRIGGER - guard postgres", "FOREIGN TABLE app far owner"));
}

TEST(CopyContents, WhatIsNoListIsNothing) {
  for (const char* text : {"", "\n\n", "; ", "1; ", "1; 2", "1; 2 3", "no list at all"})
    EXPECT_EQ(contents_of(text, {}).to_restore, "") << text;
}

TEST(NotRestored, NamesTheEntryAndTheDatabasesWord) {
  EXPECT_THAT(
      not_restored("pg_restore: connecting\n"
                   "pg_restore: while PROCESSING TOC:\n"
                   "pg_restore: from TOC entry 217; 1259 16406 VIEW app v owner\n"
                   "pg_restore: error: could not execute query: ERROR:  relation \"app.far\" does not exist\n"
                   "LINE 2:  SELECT 1\n"
                   "Command was: CREATE VIEW app.v AS\n"
                   "pg_restore: warning: errors ignored on restore: 1\n"),
      ElementsAre("VIEW app v owner: relation \"app.far\" does not exist"));
  EXPECT_THAT(not_restored("pg_restore: error: connection failed"), ElementsAre("connection failed"));
  EXPECT_THAT(not_restored(""), IsEmpty());
}

TEST(NotRestored, IsWholeWithItsCountAlone) {
  EXPECT_EQ(ignored_errors("pg_restore: error: x\npg_restore: warning: errors ignored on restore: 12\n"),
            12u);
  for (const char* text : {"", "pg_restore: error: x\n", "pg_restore: warning: errors ignored on restore: 1",
                           "pg_restore: warning: errors ignored on restore: \n",
                           "pg_restore: warning: errors ignored on restore: 1x\n",
                           "pg_restore: warning: errors ignored on restore: 1\npg_restore: error: x\n"})
    EXPECT_EQ(ignored_errors(text), std::nullopt) << text;
}

TEST(Extensions, ThatReachOutsideAreNotCopied) {
  for (const char* name : {"pgcrypto", "citext", "postgis", "vector"})
    EXPECT_TRUE(may_be_copied(name)) << name;
  for (const char* name : {"dblink", "postgres_fdw", "file_fdw", "plpython3u", "pg_cron", "adminpack", ""})
    EXPECT_FALSE(may_be_copied(name)) << name;
}

}  // namespace
}  // namespace portcullis::shadow
