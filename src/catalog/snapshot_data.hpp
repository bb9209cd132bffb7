// The inside of a Snapshot. The rows stand in vectors that do not change any more once the maps into them are
// made.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/dependencies.hpp"
#include "portcullis/catalog/snapshot.hpp"

namespace portcullis::catalog {

// A name in a schema. The text belongs to the row that the map leads to.
struct QualifiedName {
  Oid schema = kNoOid;
  std::string_view name;
  friend bool operator==(const QualifiedName&, const QualifiedName&) = default;
};

struct QualifiedNameHash {
  std::size_t operator()(const QualifiedName& key) const noexcept {
    constexpr std::size_t kOdd = 0x9E3779B97F4A7C15;  // spreads neighbouring oids
    return std::hash<std::string_view>()(key.name) ^ (key.schema * kOdd);
  }
};

template <class Value>
using ByName = std::unordered_map<QualifiedName, Value, QualifiedNameHash>;
template <class Value>
using ByOid = std::unordered_map<Oid, Value>;

struct Snapshot::Data {
  int server_version = 0;
  std::string database;
  std::string fingerprint;

  std::vector<Schema> schemas;
  std::vector<Relation> relations;  // these two by oid
  std::vector<Function> functions;
  std::vector<Type> types;
  std::vector<ForeignKey> foreign_keys;
  std::vector<Operator> operators;
  std::vector<Cast> casts;
  std::vector<EventTrigger> event_triggers;
  Dependencies dependencies;

  ByOid<const Schema*> schema_by_oid;
  std::unordered_map<std::string_view, const Schema*> schema_by_name;
  ByOid<Relation*> relation_by_oid;
  ByName<const Relation*> relation_by_name;
  ByOid<std::vector<const ForeignKey*>> foreign_keys_to, foreign_keys_from;
  ByOid<const Function*> function_by_oid;
  ByName<std::vector<const Function*>> functions_by_name;
  ByOid<std::string> builtin_function_names;
  ByOid<Type*> type_by_oid;
  ByName<const Type*> type_by_name;
  std::unordered_map<std::string_view, std::vector<const Operator*>> operators_by_name;
};

}  // namespace portcullis::catalog
