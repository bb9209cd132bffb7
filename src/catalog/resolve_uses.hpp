// A statement's references to columns by the name in front of them and by the level of the query that they
// stand in. All costs here are those of the longest statement: an agent may send one with tens of thousands
// of tables and references.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "portcullis/sql/facts.hpp"

namespace portcullis::catalog {

// A level's place among all, so ordered that those inside a level stand right behind it.
using Position = std::uint32_t;

// Positions from `first` to before `end`.
struct Reach {
  Position first = 0, end = 0;
};

class Levels {
 public:
  // As StatementFacts::enclosing_levels.
  explicit Levels(std::span<const std::uint32_t> enclosing);

  // The level itself and all inside it: whoever can mean its tables.
  [[nodiscard]] Reach reach(std::uint32_t level) const { return reaches_[known(level)]; }
  [[nodiscard]] Position position(std::uint32_t level) const { return reaches_[known(level)].first; }
  // From `level` outwards the next that it sees; 0 has none and gives itself.
  [[nodiscard]] std::uint32_t around(std::uint32_t level) const { return around_[known(level)]; }

 private:
  [[nodiscard]] std::uint32_t known(std::uint32_t level) const { return level < around_.size() ? level : 0; }

  std::vector<std::uint32_t> around_;
  std::vector<Reach> reaches_;
};

// Where tables stand: their own levels and all that they can be meant from.
class Places {
 public:
  void add(Position own, Reach reach) {
    own_.push_back(own);
    reaches_.push_back(reach);
  }
  // One without a level, which everything may mean.
  void add_everywhere();
  // To be called between adding and asking.
  void settle();
  [[nodiscard]] std::span<const Reach> reaches() const noexcept { return reaches_; }  // sorted, apart
  // Both for sorted positions.
  [[nodiscard]] bool reach_one_of(std::span<const Position> uses) const;
  [[nodiscard]] bool stand_at_one_of(std::span<const Position> uses) const;

 private:
  std::vector<Position> own_;
  std::vector<Reach> reaches_;
  bool everywhere_ = false;
};

// References with nothing in front, sorted.
struct BareUses {
  std::unordered_map<std::string_view, std::vector<Position>> columns;
  std::vector<Position> stars;
};

// One with a name in front; a star without column.
struct NamedUse {
  Position position = 0;
  std::string_view column;
  friend bool operator==(const NamedUse&, const NamedUse&) = default;
  friend auto operator<=>(const NamedUse&, const NamedUse&) = default;
};
using NamedUses = std::vector<NamedUse>;  // sorted

// Statement and levels must outlive it.
class UseIndex {
 public:
  UseIndex(const sql::StatementFacts& statement, const Levels& levels);

  [[nodiscard]] const BareUses& bare() const noexcept { return bare_; }
  // With `alias` in front; null: none.
  [[nodiscard]] const NamedUses* of_alias(std::string_view alias) const;
  // With the relation's name in front, and its schema or none in front of that. An empty `schema` could be
  // every one.
  [[nodiscard]] std::vector<const NamedUses*> of_relation(std::string_view name,
                                                          std::string_view schema) const;

 private:
  BareUses bare_;
  std::map<std::string_view, std::map<std::string_view, NamedUses>> by_name_;  // then by schema
};

// `take` is called with the column of each of the uses that the places reach, empty for a star, until it
// returns false.
template <class Take>
void each_reached(const NamedUses& uses, const Places& places, const Take& take) {
  for (const Reach reach : places.reaches()) {
    auto use = std::lower_bound(uses.begin(), uses.end(), NamedUse{reach.first, {}});
    for (; use != uses.end() && use->position < reach.end; ++use) {
      if (!take(use->column)) return;
    }
  }
}

}  // namespace portcullis::catalog
