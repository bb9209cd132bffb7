// Which errors are of the copy's own server and not of what ran there.
#include "shadow/copy_fault.hpp"

#include <gtest/gtest.h>

namespace portcullis::shadow {
namespace {

TEST(CopyFault, NoRoomNoMemoryAndAnEndAreTheCopysOwn) {
  for (const char* code :
       {"53000", "53100", "53200", "53300", "53400", "57P01", "57P02", "57P03", "58030", "XX001", "XX002"})
    EXPECT_TRUE(is_fault_of_copy(base::SqlState::from_text(code))) << code;
}

TEST(CopyFault, WhatAStatementDoesWrongIsNot) {
  for (const char* code :
       {"42501", "42P01", "23505", "22012", "54011", "55006", "57014", "58P01", "P0001", "XX000"})
    EXPECT_FALSE(is_fault_of_copy(base::SqlState::from_text(code))) << code;
}

TEST(CopyFault, IsToldByItsWordsWhereThereIsNoCode) {
  EXPECT_TRUE(
      tells_of_fault_of_copy("could not execute query: ERROR:  could not extend file \"base/16385/16400\": "
                             "No space left on device"));
  EXPECT_TRUE(tells_of_fault_of_copy("could not execute query: server closed the connection unexpectedly"));
  EXPECT_FALSE(tells_of_fault_of_copy("could not execute query: ERROR:  permission denied for schema app"));
  EXPECT_FALSE(tells_of_fault_of_copy(""));
}

}  // namespace
}  // namespace portcullis::shadow
