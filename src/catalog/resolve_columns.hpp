// Which columns of a relation a statement asks for, from the references to columns in all of its queries. A
// reference counts for every column that it could mean: of the tables of its own query and of those around
// it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "catalog/resolve_names.hpp"
#include "catalog/resolve_uses.hpp"
#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::catalog {

struct ColumnSet {
  std::vector<std::string> columns;  // sorted, each once
  bool all = false;
};
void sort_columns(std::vector<std::string>& columns);
[[nodiscard]] bool touches(const ColumnSet& set, const std::vector<std::string>& columns);

// Whether the statement is a COPY of every column of the relation: its first effect, that of COPY itself,
// names none.
[[nodiscard]] bool copies_whole(const sql::StatementFacts& statement, const sql::Name& relation);

// By the text alone. The statement must outlive it.
class ColumnsByName {
 public:
  explicit ColumnsByName(const sql::StatementFacts& statement);
  [[nodiscard]] ColumnSet of(const sql::Name& relation) const;

 private:
  void collect_named(const sql::Range& range, const Places& places, ColumnSet& found) const;
  void collect_bare(const Places& places, ColumnSet& found) const;

  Levels levels_;
  UseIndex uses_;
  std::map<sql::Name, std::vector<const sql::Range*>> ranges_;
  bool too_many_;  // to list the columns for each relation
};

// By a snapshot; statement and names must outlive it.
class ColumnUses {
 public:
  ColumnUses(const sql::StatementFacts& statement, const Names& names);

  [[nodiscard]] ColumnSet of(const Relation& relation) const;
  // Whether t.x or (t).x may be a call of a function x with the row of t: not where x can be nothing but a
  // column.
  [[nodiscard]] bool may_be_call(const sql::ColumnUse& use) const;

 private:
  struct Place {
    const Relation* relation;
    std::string_view name;  // that its columns go by
    bool has_alias;
    bool renames_columns;
    std::uint32_t level;
    bool has_level;  // false for what no FROM names: it may be meant from anywhere
  };
  using AtLevel = std::unordered_map<std::uint32_t, std::vector<Place>>;

  void add(Place place);
  [[nodiscard]] bool goes_by(const Place& place, const sql::Name& name) const;
  void put(const Place& place, Places& places) const;
  // The places are those by which the relation goes by `name`.
  void collect_named(const Relation& relation, std::string_view name, bool is_alias, const Places& places,
                     ColumnSet& found) const;

  const Names& names_;
  Levels levels_;
  UseIndex uses_;
  std::unordered_set<std::string_view> derived_;
  std::unordered_map<const Relation*, std::vector<Place>> by_relation_;
  std::unordered_map<std::string_view, AtLevel> by_name_;
};

}  // namespace portcullis::catalog
