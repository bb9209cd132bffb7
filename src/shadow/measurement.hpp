// What the shadow is asked before and behind a statement, and the facts that follow from the answers. The
// locks that the statement holds name the relations to look at, so that it costs the same in a large schema.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "portcullis/base/result.hpp"
#include "shadow/row.hpp"
#include "shadow/run_facts.hpp"

namespace portcullis::shadow {

// How relations were stored before anything ran. Nothing is ever committed in a shadow, so it is read once
// for each.
class Baseline {
 public:
  [[nodiscard]] static std::string_view query() noexcept;
  // The rows of query(). 08P01 when they are not what it asks for.
  [[nodiscard]] static base::Result<Baseline> read(const std::vector<Row>& rows);

  struct Relation {
    std::string schema, name;
    char kind = 'r';
    Oid filenode = 0;  // what holds its rows; 0: nothing does
  };
  // What the tables among them are made of: read_known_shapes().
  void take(KnownShapes tables);
  [[nodiscard]] const KnownShapes& tables() const noexcept { return tables_; }

  // Null: there was none.
  [[nodiscard]] const Relation* find(Oid oid) const;
  // The same, or else the one that had the name: an index that is built again gets a new oid.
  [[nodiscard]] const Relation* find(Oid oid, const std::string& schema, const std::string& name) const;

 private:
  std::map<Oid, Relation> relations_;
  std::map<std::pair<std::string, std::string>, Oid> by_name_;
  KnownShapes tables_;
};

// The server's counters of one connection. They go on from one transaction to the next until the server
// collects them, also those of work that was rolled back, so every run reads them first.
class Counters {
 public:
  [[nodiscard]] std::string query() const;
  [[nodiscard]] base::Result<void> take(const std::vector<Row>& rows);
  // A statement has failed, and what it had touched nobody has seen.
  void forget() noexcept { knows_all_ = false; }

  struct Of {
    std::uint64_t scans = 0, inserted = 0, updated = 0, deleted = 0;
  };
  // What `now` is more than at the beginning of the run. From now on the relation is one to ask for.
  [[nodiscard]] Of since(Oid oid, const Of& now);

 private:
  bool knows_all_ = false;
  std::set<Oid> touched_;
  std::map<Oid, Of> before_;
};

// What the transaction held before the statement began.
class Held {
 public:
  // The rows of facts_query().
  [[nodiscard]] static base::Result<Held> read(const std::vector<Row>& rows);

  [[nodiscard]] bool has(Oid oid, LockMode mode) const;
  // Where its rows were by then; nothing where it held no lock on it.
  [[nodiscard]] std::optional<Oid> filenode(Oid oid) const;

 private:
  struct Relation {
    LockSet locks;
    Oid filenode = 0;
  };
  std::map<Oid, Relation> relations_;
};

[[nodiscard]] std::string_view facts_query() noexcept;
// The rows of facts_query(). 08P01 when they are not what it asks for.
[[nodiscard]] base::Result<std::vector<RelationFacts>> read_facts(const std::vector<Row>& rows,
                                                                  const Baseline& baseline, const Held& held,
                                                                  Counters& counters);

// The tables among them that are locked more strongly than ROW EXCLUSIVE: what they are made of may have
// changed.
[[nodiscard]] std::vector<Oid> strongly_locked(const std::vector<Row>& rows);

}  // namespace portcullis::shadow
