// Look-ups in what SnapshotBuilder has put together.
#include "portcullis/catalog/snapshot.hpp"

#include <algorithm>

#include "catalog/snapshot_data.hpp"

namespace portcullis::catalog {

namespace {

template <class Map, class Key>
auto pointer_or_null(const Map& map, const Key& key) noexcept -> typename Map::mapped_type {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

template <class Map, class Key>
auto span_or_empty(const Map& map, const Key& key) noexcept
    -> std::span<const typename Map::mapped_type::value_type> {
  const auto found = map.find(key);
  if (found == map.end()) return {};
  return found->second;
}

}  // namespace

bool Function::takes(std::size_t given) const noexcept {
  if (kind == Kind::procedure) return true;
  const std::size_t most = argument_types.size();
  return given <= most ? most - given <= static_cast<std::size_t>(defaults) : variadic;
}

const Column* Relation::column(std::string_view column_name) const noexcept {
  const auto found = std::ranges::find(columns, column_name, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

Snapshot::Snapshot(std::unique_ptr<const Data> data) : data_(std::move(data)) {}
Snapshot::~Snapshot() = default;

int Snapshot::server_version() const noexcept {
  return data_->server_version;
}
const std::string& Snapshot::database() const noexcept {
  return data_->database;
}
const std::string& Snapshot::fingerprint() const noexcept {
  return data_->fingerprint;
}

const Schema* Snapshot::schema(std::string_view name) const noexcept {
  return pointer_or_null(data_->schema_by_name, name);
}
const Schema* Snapshot::schema(Oid oid) const noexcept {
  return pointer_or_null(data_->schema_by_oid, oid);
}

const Relation* Snapshot::relation(Oid oid) const noexcept {
  return pointer_or_null(data_->relation_by_oid, oid);
}
const Relation* Snapshot::relation(std::string_view schema_name, std::string_view name) const noexcept {
  const Schema* found = schema(schema_name);
  return found == nullptr ? nullptr
                          : pointer_or_null(data_->relation_by_name, QualifiedName{found->oid, name});
}
std::span<const Relation> Snapshot::relations() const noexcept {
  return data_->relations;
}

std::span<const ForeignKey* const> Snapshot::foreign_keys_to(Oid oid) const noexcept {
  return span_or_empty(data_->foreign_keys_to, oid);
}
std::span<const ForeignKey* const> Snapshot::foreign_keys_from(Oid oid) const noexcept {
  return span_or_empty(data_->foreign_keys_from, oid);
}

const Function* Snapshot::function(Oid oid) const noexcept {
  return pointer_or_null(data_->function_by_oid, oid);
}
std::span<const Function* const> Snapshot::functions(std::string_view schema_name,
                                                     std::string_view name) const noexcept {
  const Schema* found = schema(schema_name);
  if (found == nullptr) return {};
  return span_or_empty(data_->functions_by_name, QualifiedName{found->oid, name});
}
std::span<const Function> Snapshot::functions() const noexcept {
  return data_->functions;
}

std::string_view Snapshot::builtin_function_name(Oid oid) const noexcept {
  const auto found = data_->builtin_function_names.find(oid);
  return found == data_->builtin_function_names.end() ? std::string_view() : std::string_view(found->second);
}

const Type* Snapshot::type(Oid oid) const noexcept {
  return pointer_or_null(data_->type_by_oid, oid);
}
const Type* Snapshot::type(std::string_view schema_name, std::string_view name) const noexcept {
  const Schema* found = schema(schema_name);
  return found == nullptr ? nullptr : pointer_or_null(data_->type_by_name, QualifiedName{found->oid, name});
}

std::span<const Operator* const> Snapshot::operators(std::string_view name) const noexcept {
  return span_or_empty(data_->operators_by_name, name);
}
std::span<const Cast> Snapshot::casts() const noexcept {
  return data_->casts;
}
std::span<const EventTrigger> Snapshot::event_triggers() const noexcept {
  return data_->event_triggers;
}

const Dependencies& Snapshot::dependencies() const noexcept {
  return data_->dependencies;
}

std::string Snapshot::relation_text(Oid oid) const {
  const Relation* found = relation(oid);
  if (found == nullptr) return std::to_string(oid);
  const Schema* home = schema(found->schema);
  return (home == nullptr ? std::to_string(found->schema) : home->name) + "." + found->name;
}

}  // namespace portcullis::catalog
