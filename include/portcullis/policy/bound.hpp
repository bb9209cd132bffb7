// A policy held against a database: what its names stood for when it was loaded. A value, made by
// PolicySet::bind() and given back to PolicySet::evaluate() of the same policy until the next load.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/policy/problem.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

struct Bound {
  // Of every function that the policy allows: "app.order_total(integer)" -> body hash. One whose body is
  // another now, or that is not here, is refused until the policy is loaded again.
  std::map<std::string, std::string, std::less<>> pins;

  // The relations that protections matched, and the partitions and children of these: they stay protected
  // whatever they are called now.
  struct Protected {
    std::size_t protection = 0, pattern = 0;  // indices in the policy
    std::string why;  // "it was app.users when the policy was loaded", "it is part of app.users"
    friend bool operator==(const Protected&, const Protected&) = default;
  };
  std::map<catalog::Oid, std::vector<Protected>> relations;

  // Every sequence, for calls that name one by a text. Whoever may fill the column that owns it may take
  // numbers from it.
  struct Sequence {
    catalog::Oid oid = catalog::kNoOid;
    catalog::Oid table_oid = catalog::kNoOid;  // the owner; kNoOid: none
    sql::Name table{};
    std::string column{};  // whose default names the sequence; empty: it cannot be told
    friend bool operator==(const Sequence&, const Sequence&) = default;
  };
  std::map<sql::Name, Sequence> sequences;

  // Functions behind casts to json, which PostgreSQL's JSON functions call without being asked: signatures.
  std::vector<std::string> json_casts;

  // A name under "protect" or in a deny rule that the database does not have is an error: what it was meant
  // to close stands open. In an allow or ask rule it is a warning.
  std::vector<Problem> errors, warnings;
};

// What is known of a database where its catalog is not at hand: what somebody wrote down of the objects that
// one statement reaches.
struct KnownRelation {
  catalog::Oid oid = catalog::kNoOid;
  std::vector<sql::Name> names;  // its own, and those of the tables whose rows it holds
};
struct KnownSequence {
  sql::Name name, table;  // and the owner
  std::string column;
};
struct KnownFunction {
  sql::Name name;
  std::string arguments, body_hash;
};
struct Known {
  std::vector<KnownRelation> relations;
  std::vector<KnownSequence> sequences;
  std::vector<KnownFunction> functions;  // pinned to what they are here
};

// The column of the table whose default names the sequence; empty: it cannot be told.
[[nodiscard]] std::string column_filled_by(const catalog::Relation& table, catalog::Oid sequence);

}  // namespace portcullis::policy
