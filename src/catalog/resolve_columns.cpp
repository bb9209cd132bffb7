#include "catalog/resolve_columns.hpp"

#include <algorithm>
#include <utility>

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

// Names that a column of a relation that nobody knows may have.
void take_by_name(std::string_view column, ColumnSet& found) {
  if (column.empty()) {
    found.all = true;
  } else if (!is_system_column(column)) {
    found.columns.emplace_back(column);
  }
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

ColumnsByName::ColumnsByName(const sql::StatementFacts& statement)
    : levels_(statement.enclosing_levels), uses_(statement, levels_) {
  for (const Range& range : statement.ranges) ranges_[range.relation].push_back(&range);
  const auto readers =
      static_cast<std::size_t>(std::count_if(statement.effects.begin(), statement.effects.end(), reads));
  too_many_ = statement.column_uses.size() * std::max(readers, statement.ranges.size()) > kMostByName;
}

void ColumnsByName::collect_named(const Range& range, const Places& places, ColumnSet& found) const {
  const std::string& own = range.alias.empty() ? range.relation.name : range.alias;
  const auto row = uses_.bare().columns.find(own);
  found.all = found.all || range.renames_columns ||
              (row != uses_.bare().columns.end() && places.reach_one_of(row->second));
  const auto take = [&](std::string_view column) {
    take_by_name(column, found);
    return true;
  };
  if (range.alias.empty()) {
    for (const NamedUses* const uses : uses_.of_relation(own, range.relation.schema))
      each_reached(*uses, places, take);
  } else if (const NamedUses* const uses = uses_.of_alias(own)) {
    each_reached(*uses, places, take);
  }
}

void ColumnsByName::collect_bare(const Places& places, ColumnSet& found) const {
  found.all = found.all || places.stand_at_one_of(uses_.bare().stars);
  for (const auto& [column, positions] : uses_.bare().columns) {
    if (places.reach_one_of(positions)) take_by_name(column, found);
  }
}

ColumnSet ColumnsByName::of(const Name& relation) const {
  if (too_many_) return {{}, true};
  ColumnSet found;
  Places all;
  const auto ranges = ranges_.find(relation);
  if (ranges != ranges_.end()) {
    for (const Range* const range : ranges->second) {
      Places place;
      for (Places* const places : {&place, &all})
        places->add(levels_.position(range->level), levels_.reach(range->level));
      collect_named(*range, place, found);
    }
  } else {  // a statement's target may go by its own name although no FROM names it
    all.add_everywhere();
    collect_named({relation, {}, false}, all, found);
  }
  all.settle();
  collect_bare(all, found);
  sort_columns(found.columns);
  return found;
}

ColumnUses::ColumnUses(const sql::StatementFacts& statement, const Names& names)
    : names_(names),
      levels_(statement.enclosing_levels),
      uses_(statement, levels_),
      derived_(statement.derived.begin(), statement.derived.end()) {
  for (const Range& range : statement.ranges) {
    const bool has_alias = !range.alias.empty();
    add({names.relation(range.relation), has_alias ? range.alias : range.relation.name, has_alias,
         range.renames_columns, range.level, true});
  }
  for (const Effect& effect : statement.effects) {
    const Relation* const relation = reads(effect) ? names.relation(effect.object) : nullptr;
    if (relation != nullptr && !by_relation_.contains(relation))
      add({relation, relation->name, false, false, 0, false});
  }
}

void ColumnUses::add(Place place) {
  by_name_[place.name][place.level].push_back(place);
  if (place.relation != nullptr) by_relation_[place.relation].push_back(place);
}

void ColumnUses::put(const Place& place, Places& places) const {
  if (place.has_level) {
    places.add(levels_.position(place.level), levels_.reach(place.level));
  } else {
    places.add_everywhere();
  }
}

bool ColumnUses::goes_by(const Place& place, const Name& name) const {
  if (name.schema.empty()) return true;
  if (place.has_alias) return false;
  return place.relation == nullptr || names_.schema_name(place.relation->schema) == name.schema ||
         (is_temporary_schema(name.schema) && place.relation->temporary);
}

// t.x is a column, or else a function of the whole row; so is t alone, where no column has that name.
void ColumnUses::collect_named(const Relation& relation, std::string_view name, bool is_alias,
                               const Places& places, ColumnSet& found) const {
  const auto row = uses_.bare().columns.find(name);
  if (row != uses_.bare().columns.end() && relation.column(name) == nullptr)
    found.all = found.all || places.reach_one_of(row->second);
  const auto take = [&](std::string_view column) {
    if (!column.empty() && relation.column(column) != nullptr) {
      found.columns.emplace_back(column);
    } else {
      found.all = found.all || column.empty() || !has_column(relation, column);
    }
    return !found.all;
  };
  if (is_alias) {
    if (const NamedUses* const uses = uses_.of_alias(name)) each_reached(*uses, places, take);
    return;
  }
  const std::string_view schema =
      relation.temporary ? std::string_view{} : names_.schema_name(relation.schema);
  for (const NamedUses* const uses : uses_.of_relation(name, schema)) each_reached(*uses, places, take);
}

ColumnSet ColumnUses::of(const Relation& relation) const {
  ColumnSet found;
  const auto known = by_relation_.find(&relation);
  if (known == by_relation_.end()) return found;
  Places all;
  std::map<std::pair<std::string_view, bool>, Places> by_name;
  for (const Place& place : known->second) {
    found.all = found.all || place.renames_columns;
    put(place, all);
    put(place, by_name[{place.name, place.has_alias}]);
  }
  all.settle();
  found.all = found.all || all.stand_at_one_of(uses_.bare().stars);
  for (const Column& column : relation.columns) {
    const auto uses = uses_.bare().columns.find(column.name);
    if (uses != uses_.bare().columns.end() && all.reach_one_of(uses->second))
      found.columns.push_back(column.name);
  }
  for (auto& [name, places] : by_name) {
    places.settle();
    collect_named(relation, name.first, name.second, places, found);
  }
  sort_columns(found.columns);
  return found;
}

bool ColumnUses::may_be_call(const ColumnUse& use) const {
  if (use.column.empty()) return false;
  if (use.of_expression) return true;
  if (use.of.name.empty()) return false;
  if (use.of.schema.empty() && derived_.contains(use.of.name)) return true;
  const auto named = by_name_.find(use.of.name);
  if (named == by_name_.end()) return true;
  bool found = false;
  for (std::uint32_t level = use.level;; level = levels_.around(level)) {
    const auto places = named->second.find(level);
    if (places != named->second.end()) {
      for (const Place& place : places->second) {
        if (!goes_by(place, use.of)) continue;
        if (place.relation == nullptr || place.renames_columns || !has_column(*place.relation, use.column))
          return true;
        found = true;
      }
    }
    if (level == 0) return !found;
  }
}

}  // namespace portcullis::catalog
