// Statements outside transactions: which there are, what is asked of the copy, and the rules by which locks
// and scans follow from what was there before and behind.
#include "shadow/outside.hpp"

#include <gmock/gmock.h>

#include "shadow/admission.hpp"
#include "tests/support/big_stack.hpp"

namespace portcullis::shadow {
namespace {

using ::testing::HasSubstr;
using Kind = Outside::Kind;
using Named = std::vector<std::string>;

sql::StatementFacts read(std::string_view text) {
  const auto facts = portcullis::testing::analyze_on_big_stack(text);
  return facts && facts->statements.size() == 1 ? facts->statements.front() : sql::StatementFacts{};
}

Named names_of(const Outside& outside) {
  Named names;
  for (const auto& name : outside.relations) names.push_back(to_text(name));
  return names;
}

TEST(Outside, IsReadOffTheStatement) {
  struct Case {
    std::string_view text;
    Kind kind;
    bool is_certain;
    Named names;
  };
  const std::vector<Case> cases = {
      {"CREATE INDEX CONCURRENTLY i ON a.t (lower(x))", Kind::create_index, true, {"a.t"}},
      {"DROP INDEX CONCURRENTLY i", Kind::drop_index, true, {"i"}},
      {"REINDEX TABLE CONCURRENTLY t", Kind::reindex_concurrently, true, {"t"}},
      {"REINDEX TABLE t", Kind::reindex, false, {"t"}},
      {"REINDEX SCHEMA a", Kind::reindex, true, {}},
      {"VACUUM", Kind::vacuum, true, {}},
      {"VACUUM ANALYZE t, a.u", Kind::vacuum, true, {"t", "a.u"}},
      {"VACUUM (FULL) t", Kind::vacuum_full, true, {"t"}},
      {"CLUSTER", Kind::cluster, true, {}},
      {"CLUSTER t", Kind::cluster, false, {"t"}},
      {"ALTER TABLE p DETACH PARTITION c CONCURRENTLY", Kind::detach_partition, true, {"p", "c"}},
  };
  for (const auto& one : cases) {
    const auto statement = read(one.text);
    EXPECT_FALSE(not_to_be_tried_out(statement)) << one.text;
    const auto outside = outside_of(statement);
    ASSERT_TRUE(outside) << one.text;
    EXPECT_EQ(outside->kind, one.kind) << one.text;
    EXPECT_EQ(outside->is_certain, one.is_certain) << one.text;
    EXPECT_EQ(names_of(*outside), one.names) << one.text;
  }
  EXPECT_EQ(outside_of(read("REINDEX SCHEMA a"))->schema, "a");
}

TEST(Outside, IsNothingElse) {
  for (const auto* text :
       {"CREATE INDEX ON t (x)", "ALTER TABLE p DETACH PARTITION c", "ANALYZE t", "SELECT 1"})
    EXPECT_FALSE(outside_of(read(text))) << text;
  for (const auto* text : {"REINDEX DATABASE d", "REINDEX SYSTEM d", "CREATE DATABASE d", "DISCARD ALL"})
    EXPECT_TRUE(not_to_be_tried_out(read(text))) << text;
}

TEST(Outside, AsksForWhatIsNamedWithoutRunningAnything) {
  Outside outside;
  outside.relations = {{{}, "a", "it's"}, {{}, {}, "od\"d"}};
  const auto sql = seen_query(outside);
  EXPECT_THAT(sql, HasSubstr("'it''s'::pg_catalog.name"));
  EXPECT_THAT(sql, HasSubstr("to_regclass('\"od\"\"d\"')"));
}

TEST(Outside, ReadsWhatWasAskedForAndNothingElse) {
  const Row whole = {"20000", "app", "t", "r", "20001", "0", "0", "t", "f", "{20007,20009}", std::nullopt};
  const auto seen = read_seen({whole});
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->front().filenode, 20001u);
  EXPECT_TRUE(seen->front().is_named);
  EXPECT_EQ(seen->front().referenced, (std::vector<Oid>{20007, 20009}));
  EXPECT_TRUE(seen->front().referencing.empty());
  for (std::size_t field = 0; field < whole.size(); ++field) {
    Row broken = whole;
    broken[field] = "\x01?";
    if (field == 1 || field == 2) broken[field] = std::nullopt;
    EXPECT_FALSE(read_seen({broken})) << field;
  }
  EXPECT_FALSE(read_seen({Row(3, "1")}));
}

Seen relation(Oid oid, std::string name, char kind, Oid table = 0) {
  Seen seen;
  seen.oid = oid;
  seen.schema = "app";
  seen.name = std::move(name);
  seen.kind = kind;
  seen.filenode = kind == 'p' || kind == 'I' ? 0 : oid;
  seen.table = table;
  return seen;
}

std::string in_words(const std::vector<RelationFacts>& relations) {
  std::string text;
  for (const auto& one : relations) {
    text += one.name + ":";
    for (const auto mode : sql::kLockModes) {
      if (one.locks.has(mode)) text += " " + std::string(name(mode));
    }
    if (one.is_new) text += " new";
    if (one.is_gone) text += " gone";
    if (one.is_rewritten) text += " rewritten";
    if (one.is_scanned) text += " scanned";
    text += "\n";
  }
  return text;
}

class OutsideRules : public ::testing::Test {
 protected:
  OutsideRules() {
    table().is_named = true;
    after = before;
  }
  Seen& table() { return before[0]; }
  std::string told(Kind kind, bool is_naming = true) {
    Outside outside;
    outside.kind = kind;
    if (is_naming) outside.relations = {{{}, "app", "t"}};
    return in_words(facts_by_rule(outside, before, after));
  }

  std::vector<Seen> before = {relation(20000, "t", 'r'), relation(20001, "t_i", 'i', 20000),
                              relation(20002, "u", 'r')};
  std::vector<Seen> after;
};

TEST_F(OutsideRules, AnIndexIsBuiltBeside) {
  after.push_back(relation(20009, "fresh", 'i', 20000));
  EXPECT_EQ(told(Kind::create_index), "fresh: new\nt: SHARE UPDATE EXCLUSIVE scanned\n");
  after.pop_back();
  EXPECT_EQ(told(Kind::create_index), "t: SHARE UPDATE EXCLUSIVE\n");
}

TEST_F(OutsideRules, AnIndexIsDropped) {
  table().is_named = false;
  before[1].is_named = true;
  after.erase(after.begin() + 1);
  EXPECT_EQ(told(Kind::drop_index), "t: SHARE UPDATE EXCLUSIVE\nt_i: SHARE UPDATE EXCLUSIVE gone\n");
}

TEST_F(OutsideRules, AnIndexIsBuiltAgain) {
  after[1].oid = 20009;
  EXPECT_EQ(told(Kind::reindex_concurrently),
            "t: SHARE UPDATE EXCLUSIVE scanned\nt_i: SHARE UPDATE EXCLUSIVE rewritten\n");
  after[1].oid = 20001;
  after[1].filenode = 20010;
  EXPECT_EQ(told(Kind::reindex), "t: SHARE scanned\nt_i: ACCESS EXCLUSIVE rewritten\n");
}

TEST_F(OutsideRules, PartitionsAreLookedUpUnderShare) {
  table().kind = 'p';
  before[2].partition_of = 20000;
  after = before;
  EXPECT_EQ(told(Kind::reindex_concurrently), "t: SHARE UPDATE EXCLUSIVE\nu: SHARE UPDATE EXCLUSIVE SHARE\n");
}

TEST_F(OutsideRules, ASchemaIsReindexedTablesWithoutIndexesToo) {
  table().is_named = false;
  Outside outside;
  outside.kind = Kind::reindex;
  outside.schema = "app";
  EXPECT_EQ(in_words(facts_by_rule(outside, before, after)), "t: SHARE\nu: SHARE\n");
}

TEST_F(OutsideRules, AVacuumIsOfWhatIsNamedAndItsPartitions) {
  EXPECT_EQ(told(Kind::vacuum), "t: SHARE UPDATE EXCLUSIVE scanned\nt_i: ROW EXCLUSIVE\n");
  table().kind = 'p';
  before[2].partition_of = 20000;
  EXPECT_EQ(told(Kind::vacuum),
            "t: SHARE UPDATE EXCLUSIVE\nt_i: ROW EXCLUSIVE\nu: SHARE UPDATE EXCLUSIVE scanned\n");
}

TEST_F(OutsideRules, PartitionsOfEachOtherAreNobodys) {
  table().is_named = false;
  table().partition_of = 20002;
  before[2].partition_of = 20000;
  EXPECT_EQ(told(Kind::vacuum), "");
}

TEST_F(OutsideRules, AVacuumWithoutNamesIsOfWhatTheRoleMay) {
  table().is_named = false;
  before[2].is_maintained = true;
  EXPECT_EQ(told(Kind::vacuum, false), "u: SHARE UPDATE EXCLUSIVE scanned\n");
}

TEST_F(OutsideRules, WhatIsWrittenAnewIsLockedForAll) {
  for (auto& one : after) one.filenode += 100;
  after[2].filenode = before[2].filenode;
  const std::string all = "t: ACCESS EXCLUSIVE rewritten scanned\nt_i: ACCESS EXCLUSIVE rewritten\n";
  EXPECT_EQ(told(Kind::vacuum_full), all);
  EXPECT_EQ(told(Kind::cluster, false), all);
  after = before;
  EXPECT_EQ(told(Kind::vacuum_full), "t: ACCESS EXCLUSIVE\n");
}

TEST_F(OutsideRules, APartitionIsDetachedWithItsIndexesAndForeignKeys) {
  before = {relation(20000, "p", 'p'),          relation(20001, "c", 'r'),
            relation(20002, "c_i", 'i', 20001), relation(20003, "p_i", 'I', 20000),
            relation(20004, "parents", 'r'),    relation(20005, "children", 'r')};
  before[0].is_named = before[1].is_named = true;
  before[1].partition_of = 20000;
  before[2].partition_of = 20003;
  before[1].referenced = {20004};
  before[1].referencing = {20005};
  after = before;
  EXPECT_EQ(told(Kind::detach_partition),
            "c: SHARE UPDATE EXCLUSIVE ACCESS EXCLUSIVE\nc_i: ACCESS EXCLUSIVE\nchildren: SHARE\n"
            "p: SHARE UPDATE EXCLUSIVE\nparents: SHARE ROW EXCLUSIVE\n");
}

}  // namespace
}  // namespace portcullis::shadow
