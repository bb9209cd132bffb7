// Rows that were read, each by itself -> the inside of a Snapshot, where they lead to each other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "catalog/row_reader.hpp"
#include "catalog/snapshot_data.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::catalog {

// What a row says about another row's object, by number.
struct ColumnRow {
  Oid relation = kNoOid;
  Column column;
};
struct InheritanceRow {
  Oid child = kNoOid, parent = kNoOid;
};
struct ForeignKeyRow {
  ForeignKey key;
  std::vector<std::int16_t> child_columns, parent_columns;
};
struct AttachedRow {
  Oid relation = kNoOid;
  Attached attached;
  std::vector<Oid> types;  // whose functions it calls: what it converts to or from
  std::vector<NamedColumn> named;
};

struct Rows {
  // With the objects that rows give as they are: everything but its maps, foreign keys, and what is left
  // below.
  std::unique_ptr<Snapshot::Data> data = std::make_unique<Snapshot::Data>();
  std::vector<ColumnRow> columns;
  std::vector<InheritanceRow> inheritance;
  std::vector<ForeignKeyRow> foreign_keys;
  std::vector<AttachedRow> attached;
  std::vector<SmallObject> objects;
  std::vector<Dependency> dependencies;
};

// An error names the first contradiction: an object twice, or one that is named and is not there.
[[nodiscard]] base::Result<std::unique_ptr<const Snapshot::Data>> assemble(Rows rows);

}  // namespace portcullis::catalog
