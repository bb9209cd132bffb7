// The queries as texts; that servers understand them is for the integration tests.
#include "catalog/queries.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace portcullis::catalog {
namespace {

constexpr int kVersions[] = {130023, 140000, 150018, 160003, 170010, 180004};

TEST(Queries, AreThereForEveryVersionThatIsReadAndForNoOther) {
  for (const int version : kVersions) EXPECT_EQ(queries(version).size(), 15U) << version;
  EXPECT_TRUE(queries(kOldestServer - 1).empty());
  EXPECT_TRUE(queries(kNewerServer).empty());
  EXPECT_TRUE(queries(0).empty());
  EXPECT_TRUE(queries(-1).empty());
}

TEST(Queries, HaveTheSameRowsInEveryVersion) {
  const std::span<const Query> first = queries(kVersions[0]);
  for (const int version : kVersions) {
    const std::span<const Query> other = queries(version);
    for (std::size_t i = 0; i < first.size(); ++i) {
      EXPECT_EQ(other[i].name, first[i].name);
      EXPECT_EQ(other[i].columns, first[i].columns);
    }
  }
}

std::vector<std::string> words_of(const std::string& sql) {
  std::istringstream stream(sql);
  std::vector<std::string> words;
  for (std::string word; stream >> word;)
    if (word != "LATERAL" && word != "MATERIALIZED") words.push_back(word);
  return words;
}

// What stands behind FROM or JOIN is qualified, a query in parentheses, a function, or a WITH query of the
// same statement.
TEST(Queries, QualifyEveryRelation) {
  for (const int version : kVersions) {
    for (const Query& query : queries(version)) {
      const std::vector<std::string> words = words_of(query.sql);
      std::set<std::string> known;
      for (std::size_t i = 0; i + 2 < words.size(); ++i)
        if (words[i + 1] == "AS" && words[i + 2].starts_with("(")) known.insert(words[i]);
      for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if (words[i] != "FROM" && words[i] != "JOIN") continue;
        const std::string& next = words[i + 1];
        const std::string name = next.substr(0, next.find_first_of("(),"));
        const bool is_call = next.size() > name.size() && next[name.size()] == '(';
        EXPECT_TRUE(name.starts_with("pg_catalog.") || is_call || known.contains(name))
            << query.name << ": " << next;
      }
    }
  }
}

TEST(Queries, AreOneStatementEach) {
  for (const int version : kVersions)
    for (const Query& query : queries(version))
      EXPECT_EQ(query.sql.find(';'), std::string::npos) << query.name;
}

TEST(Queries, ReadOnlyWhatTheVersionHas) {
  const auto sql = [](int version, std::string_view name) {
    for (const Query& query : queries(version))
      if (query.name == name) return query.sql;
    return std::string();
  };
  EXPECT_EQ(sql(130000, "attached").find("stxexprs"), std::string::npos);
  EXPECT_NE(sql(140000, "attached").find("stxexprs"), std::string::npos);
  EXPECT_EQ(sql(130000, "types").find("rngmultitypid"), std::string::npos);
  EXPECT_NE(sql(140000, "types").find("rngmultitypid"), std::string::npos);
  EXPECT_EQ(sql(130000, "functions").find("prosqlbody"), std::string::npos);
  EXPECT_NE(sql(140000, "functions").find("prosqlbody"), std::string::npos);
}

TEST(Queries, TakeTheFingerprintInTheSameMoment) {
  for (const int version : kVersions)
    EXPECT_NE(queries(version)[0].sql.find(fingerprint_query(version)), std::string::npos);
}

TEST(Queries, AreForTheVersionsThatAreRead) {
  for (const int version : kVersions) EXPECT_TRUE(check_server_version(version)) << version;
  for (const int version : {0, 129999, 190000}) {
    const auto read = check_server_version(version);
    ASSERT_FALSE(read) << version;
    EXPECT_EQ(read.error().code.view(), "0A000");
    EXPECT_TRUE(queries(version).empty());
  }
}

}  // namespace
}  // namespace portcullis::catalog
