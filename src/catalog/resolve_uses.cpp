#include "catalog/resolve_uses.hpp"

#include <limits>

namespace portcullis::catalog {
namespace {

bool is_between(Position position, std::span<const Reach> reaches) {
  const auto behind = std::upper_bound(reaches.begin(), reaches.end(), position,
                                       [](Position p, const Reach& reach) { return p < reach.first; });
  return behind != reaches.begin() && position < std::prev(behind)->end;
}

bool has_one_in(std::span<const Position> positions, const Reach& reach) {
  const auto first = std::lower_bound(positions.begin(), positions.end(), reach.first);
  return first != positions.end() && *first < reach.end;
}

template <class Values>
void sort_unique(Values& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

// Lower numbers are further out, so sizes add up from the last to the first, and places are given out from
// the first to the last.
Levels::Levels(std::span<const std::uint32_t> enclosing) : around_(enclosing.begin(), enclosing.end()) {
  if (around_.empty()) around_.push_back(0);
  const std::size_t count = around_.size();
  around_[0] = 0;
  std::vector<std::uint32_t> sizes(count, 1);
  for (std::size_t level = count; level-- > 1;) {
    if (around_[level] >= level) around_[level] = 0;
    sizes[around_[level]] += sizes[level];
  }
  reaches_.resize(count);
  reaches_[0] = {0, sizes[0]};
  std::vector<Position> free(count, 1);  // of each level, the first place inside it that nobody has yet
  for (std::size_t level = 1; level < count; ++level) {
    Position& next = free[around_[level]];
    reaches_[level] = {next, next + sizes[level]};
    free[level] = next + 1;
    next += sizes[level];
  }
}

void Places::add_everywhere() {
  everywhere_ = true;
  reaches_.push_back({0, std::numeric_limits<Position>::max()});
}

// One reach lies inside another or apart from it.
void Places::settle() {
  sort_unique(own_);
  std::sort(reaches_.begin(), reaches_.end(), [](const Reach& a, const Reach& b) {
    return a.first != b.first ? a.first < b.first : a.end > b.end;
  });
  std::size_t kept = 0;
  for (const Reach reach : reaches_) {
    if (kept == 0 || reach.first >= reaches_[kept - 1].end) reaches_[kept++] = reach;
  }
  reaches_.resize(kept);
}

bool Places::reach_one_of(std::span<const Position> uses) const {
  if (uses.size() < reaches_.size()) {
    return std::any_of(uses.begin(), uses.end(), [&](Position use) { return is_between(use, reaches_); });
  }
  return std::any_of(reaches_.begin(), reaches_.end(),
                     [&](const Reach& reach) { return has_one_in(uses, reach); });
}

bool Places::stand_at_one_of(std::span<const Position> uses) const {
  if (everywhere_) return !uses.empty();
  const auto meets = [](std::span<const Position> few, std::span<const Position> many) {
    return std::any_of(few.begin(), few.end(),
                       [&](Position one) { return std::binary_search(many.begin(), many.end(), one); });
  };
  return uses.size() < own_.size() ? meets(uses, own_) : meets(own_, uses);
}

UseIndex::UseIndex(const sql::StatementFacts& statement, const Levels& levels) {
  for (const sql::ColumnUse& use : statement.column_uses) {
    if (use.of_expression) continue;
    const Position position = levels.position(use.level);
    if (!use.of.name.empty()) {
      by_name_[use.of.name][use.of.schema].push_back({position, use.column});
    } else {
      (use.column.empty() ? bare_.stars : bare_.columns[use.column]).push_back(position);
    }
  }
  sort_unique(bare_.stars);
  for (auto& [column, positions] : bare_.columns) sort_unique(positions);
  for (auto& [name, by_schema] : by_name_) {
    for (auto& [schema, uses] : by_schema) sort_unique(uses);
  }
}

const NamedUses* UseIndex::of_alias(std::string_view alias) const {
  const auto named = by_name_.find(alias);
  if (named == by_name_.end()) return nullptr;
  const auto uses = named->second.find({});
  return uses == named->second.end() ? nullptr : &uses->second;
}

std::vector<const NamedUses*> UseIndex::of_relation(std::string_view name, std::string_view schema) const {
  std::vector<const NamedUses*> found;
  const auto named = by_name_.find(name);
  if (named == by_name_.end()) return found;
  if (schema.empty()) {
    for (const auto& [unused, uses] : named->second) found.push_back(&uses);
    return found;
  }
  for (const std::string_view in_front : {std::string_view{}, schema}) {
    const auto uses = named->second.find(in_front);
    if (uses != named->second.end()) found.push_back(&uses->second);
  }
  return found;
}

}  // namespace portcullis::catalog
