// Statements that PostgreSQL runs outside transaction blocks only (manual, "CREATE INDEX", "REINDEX",
// "VACUUM", "CLUSTER", "ALTER TABLE"). They commit what they do, so they run in a copy that is thrown away;
// by the time that they have ended their locks are gone. What they lock and read whole follows from
// PostgreSQL's rules, and from what was made, dropped and written anew, which is measured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "portcullis/base/result.hpp"
#include "portcullis/sql/facts.hpp"
#include "shadow/row.hpp"
#include "shadow/run_facts.hpp"

namespace portcullis::shadow {

struct Outside {
  enum class Kind : std::uint8_t {
    create_index,
    drop_index,
    reindex,
    reindex_concurrently,
    vacuum,
    vacuum_full,
    cluster,
    detach_partition
  };
  Kind kind = Kind::create_index;
  // Else it hangs on what it names: it runs within a transaction unless PostgreSQL says no (25001).
  bool is_certain = true;
  std::vector<sql::Name> relations;  // that it names, as written
  std::string schema;                // of REINDEX SCHEMA
  friend bool operator==(const Outside&, const Outside&) = default;
};

// Of one that may be tried out. Nothing: it runs within transactions.
[[nodiscard]] std::optional<Outside> outside_of(const sql::StatementFacts& statement);

// It waits until every transaction has ended that is older and could see what it changes.
[[nodiscard]] bool waits_for_older(Outside::Kind kind) noexcept;

// Every relation that is none of PostgreSQL's own.
struct Seen {
  Oid oid = 0;
  std::string schema, name;
  char kind = 'r';             // pg_class.relkind
  Oid filenode = 0;            // what holds its rows; 0: nothing does
  Oid table = 0;               // of an index; else 0
  Oid partition_of = 0;        // 0: it is no partition
  bool is_named = false;       // by the statement
  bool is_maintained = false;  // by VACUUM without names: the role may
  // Of what is named: tables that its foreign keys lead to, and those that lead to it.
  std::vector<Oid> referenced, referencing;
};

// Asked in the copy as the statement's own role, under its settings, before and behind it.
[[nodiscard]] std::string seen_query(const Outside& outside);
// Its rows. 08P01 when they are not what it asks for.
[[nodiscard]] base::Result<std::vector<Seen>> read_seen(const std::vector<Row>& rows);

// By schema and name, as RunFacts::relations.
[[nodiscard]] std::vector<RelationFacts> facts_by_rule(const Outside& outside,
                                                       const std::vector<Seen>& before,
                                                       const std::vector<Seen>& after);

// The tables among them that may be made of something else now.
[[nodiscard]] std::vector<Oid> tables_changed(const Outside& outside,
                                              const std::vector<RelationFacts>& relations,
                                              const std::vector<Seen>& after);

}  // namespace portcullis::shadow
