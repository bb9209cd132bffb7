#include "catalog/dependencies.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace portcullis::catalog {
namespace {

// The rows whose `End` is the object or one of its parts.
template <ObjectId Dependency::*End>
std::span<const Dependency> rows_of(const std::vector<Dependency>& rows, const ObjectId& id) noexcept {
  const bool whole = id.part == 0;
  ObjectId first = id, last = id;
  if (whole) first.part = std::numeric_limits<std::int16_t>::min();
  if (whole) last.part = std::numeric_limits<std::int16_t>::max();
  const auto begin = std::ranges::lower_bound(rows, first, {}, End);
  return {begin, std::ranges::upper_bound(begin, rows.end(), last, {}, End)};
}

}  // namespace

Dependencies::Dependencies(std::vector<Dependency> edges, std::vector<SmallObject> objects)
    : by_on_(std::move(edges)), by_dependent_(by_on_), objects_(std::move(objects)) {
  std::ranges::sort(by_on_, {}, &Dependency::on);
  std::ranges::sort(by_dependent_, {}, &Dependency::dependent);
  std::ranges::sort(objects_, {}, &SmallObject::id);
}

std::span<const Dependency> Dependencies::on(const ObjectId& id) const noexcept {
  return rows_of<&Dependency::on>(by_on_, id);
}

std::span<const Dependency> Dependencies::of(const ObjectId& id) const noexcept {
  return rows_of<&Dependency::dependent>(by_dependent_, id);
}

const SmallObject* Dependencies::object(const ObjectId& id) const noexcept {
  const auto found = std::ranges::lower_bound(objects_, id, {}, &SmallObject::id);
  return found == objects_.end() || found->id != id ? nullptr : &*found;
}

// Each of them needs its relation, or a column of it.
std::vector<ObjectId> Dependencies::parts_of(Oid relation, Catalog catalog) const {
  std::vector<ObjectId> parts;
  for (const Dependency& row : on({relation, Catalog::relation, 0})) {
    const SmallObject* const part = row.dependent.catalog == catalog ? object(row.dependent) : nullptr;
    if (part != nullptr && part->of == relation) parts.push_back(part->id);
  }
  return parts;
}

}  // namespace portcullis::catalog
