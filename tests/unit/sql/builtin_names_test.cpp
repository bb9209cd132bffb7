#include "sql/builtin_names.hpp"

#include <gtest/gtest.h>

namespace portcullis::sql {
namespace {

TEST(BuiltinNames, KnowPostgresFunctions) {
  for (const auto* name : {"lower", "pg_read_file", "nextval", "pg_sleep", "now", "RI_FKey_cascade_del"}) {
    EXPECT_TRUE(is_builtin_function(name)) << name;
  }
  for (const auto* name : {"Lower", "app_function", "", "pg_read_fil", "_pg_expandarray"}) {
    EXPECT_FALSE(is_builtin_function(name)) << name;
  }
}

TEST(BuiltinNames, KnowWhichFunctionsMayWrite) {
  for (const auto* name :
       {"nextval", "pg_sleep", "pg_terminate_backend", "set_config", "lo_unlink", "random"}) {
    EXPECT_TRUE(is_builtin_volatile_function(name)) << name;
  }
  for (const auto* name : {"lower", "now", "count", "unknown_function"}) {
    EXPECT_FALSE(is_builtin_volatile_function(name)) << name;
  }
}

TEST(BuiltinNames, KnowTypesButNotRowTypes) {
  for (const auto* name : {"int4", "_int4", "text", "char", "regclass", "jsonb", "int4range", "record"}) {
    EXPECT_TRUE(is_builtin_type(name)) << name;
  }
  for (const auto* name :
       {"pg_class", "_pg_class", "pg_authid", "serial", "int", "citext", "sql_identifier"}) {
    EXPECT_FALSE(is_builtin_type(name)) << name;
  }
}

TEST(BuiltinNames, KnowOperatorsAndWhatIndexesNeed) {
  for (const auto* name : {"+", "=", "~~*", "->>", "@@", "#>>", "-|-"})
    EXPECT_TRUE(is_builtin_operator(name)) << name;
  for (const auto* name : {"@#@", "==", "<->>", ""}) EXPECT_FALSE(is_builtin_operator(name)) << name;
  EXPECT_TRUE(is_builtin_operator_class("text_pattern_ops"));
  EXPECT_FALSE(is_builtin_operator_class("gin_trgm_ops"));
  EXPECT_TRUE(is_builtin_access_method("btree"));
  EXPECT_FALSE(is_builtin_access_method("bloom"));
  EXPECT_TRUE(is_builtin_collation("C"));
  EXPECT_FALSE(is_builtin_collation("de_DE"));
}

}  // namespace
}  // namespace portcullis::sql
