// What one run in the shadow has shown. Everything here was measured; nothing is guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "portcullis/base/error.hpp"
#include "portcullis/sql/lock_mode.hpp"

namespace portcullis::shadow {

using Oid = std::uint32_t;
using sql::LockMode;
using sql::LockSet;

struct RelationFacts {
  std::string schema, name;  // before the statement, which may have renamed it
  char kind = 'r';           // pg_class.relkind
  LockSet locks;             // that its transaction did not hold before the statement
  bool is_new = false;       // the statement made it
  bool is_gone = false;      // the statement dropped it
  bool is_rewritten =
      false;                // stored anew: a table written again, an index built again, what TRUNCATE emptied
  bool is_scanned = false;  // a table that was read from its beginning to its end
  std::uint64_t inserted = 0, updated = 0, deleted = 0;  // rows
  friend bool operator==(const RelationFacts&, const RelationFacts&) = default;
};

struct RunFacts {
  // What the statement, or what was put off to the end of its transaction, failed by, in the database's own
  // words. Then nothing else is known: the transaction is over, and its locks are gone.
  std::optional<base::Error> failure;
  std::string tag;  // CommandComplete's
  // By schema and name. Indexes among them; neither catalogs nor the tables of long values.
  std::vector<RelationFacts> relations;
};

}  // namespace portcullis::shadow
