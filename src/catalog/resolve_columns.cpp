#include "catalog/resolve_columns.hpp"

#include <algorithm>

#include "catalog/resolve_actions.hpp"

namespace portcullis::catalog {
namespace {

using sql::Action;
using sql::ColumnUse;
using sql::Effect;
using sql::Name;
using sql::ObjectKind;
using sql::Range;

// Columns by name alone times relations. With more each counts as all of its columns: that says no less.
constexpr std::size_t kMostByName = 100'000;

// Queries read from it, whether or not they say what.
bool reads(const Effect& effect) {
  return effect.kind == ObjectKind::relation && effect.action == Action::select;
}

// Views have no system columns.
bool has_column(const Relation& relation, std::string_view column) {
  return relation.column(column) != nullptr ||
         (is_system_column(column) && relation.kind != RelationKind::view);
}

void take_by_name(const Uses& uses, ColumnSet& found) {
  found.all = found.all || uses.star;
  for (const std::string_view column : uses.columns) {
    if (!is_system_column(column)) found.columns.emplace_back(column);
  }
}

// How many of the references are the relation's columns.
std::size_t take(const Uses& uses, const Relation& relation, ColumnSet& found) {
  found.all = found.all || uses.star;
  std::size_t known = 0;
  if (uses.columns.empty()) return known;
  for (const Column& column : relation.columns) {
    if (!uses.columns.contains(column.name)) continue;
    found.columns.push_back(column.name);
    ++known;
  }
  return known;
}

// t.x is a column, or else a function of the whole row.
void take_qualified(const Uses& uses, const Relation& relation, ColumnSet& found) {
  if (take(uses, relation, found) == uses.columns.size()) return;
  found.all =
      found.all || !std::all_of(uses.columns.begin(), uses.columns.end(),
                                [&](std::string_view column) { return has_column(relation, column); });
}

}  // namespace

void sort_columns(std::vector<std::string>& columns) {
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
}

bool touches(const ColumnSet& set, const std::vector<std::string>& columns) {
  return set.all || std::any_of(columns.begin(), columns.end(), [&](const std::string& column) {
           return std::find(set.columns.begin(), set.columns.end(), column) != set.columns.end();
         });
}

bool copies_whole(const sql::StatementFacts& statement, const Name& relation) {
  return !statement.effects.empty() && is_copy_to(statement.effects.front().action) &&
         statement.effects.front().columns.empty() && statement.effects.front().object == relation;
}

ColumnsByName::ColumnsByName(const sql::StatementFacts& statement) : uses_(statement) {
  for (const Range& range : statement.ranges) ranges_[range.relation].push_back(&range);
  const auto readers =
      static_cast<std::size_t>(std::count_if(statement.effects.begin(), statement.effects.end(), reads));
  too_many_ = statement.column_uses.size() * readers > kMostByName;
}

ColumnSet ColumnsByName::of(const Name& relation) const {
  if (too_many_) return {{}, true};
  ColumnSet found;
  take_by_name(uses_.bare(), found);
  const auto take_range = [&](const Range& range) {
    const std::string& own = range.alias.empty() ? range.relation.name : range.alias;
    found.all = found.all || range.renames_columns || uses_.bare().columns.contains(own);
    if (range.alias.empty()) {
      for (const Uses* const uses : uses_.of_relation(own, range.relation.schema)) take_by_name(*uses, found);
    } else if (const Uses* const uses = uses_.of_alias(own)) {
      take_by_name(*uses, found);
    }
  };
  const auto ranges = ranges_.find(relation);
  // A statement's target may go by its own name although no FROM names it.
  if (ranges == ranges_.end()) {
    take_range({relation, {}, false});
  } else {
    for (const Range* const range : ranges->second) take_range(*range);
  }
  sort_columns(found.columns);
  return found;
}

ColumnUses::ColumnUses(const sql::StatementFacts& statement, const Names& names)
    : names_(names), uses_(statement), derived_(statement.derived.begin(), statement.derived.end()) {
  for (const Range& range : statement.ranges) {
    const bool has_alias = !range.alias.empty();
    add({names.relation(range.relation), has_alias ? range.alias : range.relation.name, has_alias,
         range.renames_columns});
  }
  for (const Effect& effect : statement.effects) {
    const Relation* const relation = reads(effect) ? names.relation(effect.object) : nullptr;
    if (relation != nullptr && !by_relation_.contains(relation))
      add({relation, relation->name, false, false});
  }
}

void ColumnUses::add(Place place) {
  by_name_[place.name].push_back(place);
  if (place.relation != nullptr) by_relation_[place.relation].push_back(place);
}

bool ColumnUses::goes_by(const Place& place, const Name& name) const {
  if (name.schema.empty()) return true;
  if (place.has_alias) return false;
  return place.relation == nullptr || names_.schema_name(place.relation->schema) == name.schema ||
         (is_temporary_schema(name.schema) && place.relation->temporary);
}

void ColumnUses::collect(const Place& place, ColumnSet& found) const {
  const Relation& relation = *place.relation;
  found.all = found.all || place.renames_columns ||
              (uses_.bare().columns.contains(place.name) && relation.column(place.name) == nullptr);
  if (place.has_alias) {
    if (const Uses* const uses = uses_.of_alias(place.name)) take_qualified(*uses, relation, found);
    return;
  }
  const std::string_view schema =
      relation.temporary ? std::string_view{} : names_.schema_name(relation.schema);
  for (const Uses* const uses : uses_.of_relation(place.name, schema)) take_qualified(*uses, relation, found);
}

ColumnSet ColumnUses::of(const Relation& relation) const {
  ColumnSet found;
  const auto places = by_relation_.find(&relation);
  if (places == by_relation_.end()) return found;
  (void)take(uses_.bare(), relation, found);
  for (const Place& place : places->second) collect(place, found);
  sort_columns(found.columns);
  return found;
}

bool ColumnUses::may_be_call(const ColumnUse& use) const {
  if (use.column.empty()) return false;
  if (use.of_expression) return true;
  if (use.of.name.empty()) return false;
  if (use.of.schema.empty() && derived_.contains(use.of.name)) return true;
  const auto places = by_name_.find(use.of.name);
  if (places == by_name_.end()) return true;
  bool found = false;
  for (const Place& place : places->second) {
    if (!goes_by(place, use.of)) continue;
    if (place.relation == nullptr || place.renames_columns || !has_column(*place.relation, use.column))
      return true;
    found = true;
  }
  return !found;
}

}  // namespace portcullis::catalog
