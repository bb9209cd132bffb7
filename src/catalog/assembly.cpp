// First everything gets its place, then pointers to it are taken: the vectors do not move from there on.
#include "catalog/assembly.hpp"

#include <algorithm>
#include <map>

namespace portcullis::catalog {

namespace {

template <class Values>
void sort_unique(Values& values) {
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

class Assembly {
 public:
  explicit Assembly(Rows rows) : rows_(std::move(rows)), data_(*rows_.data) {}

  base::Result<std::unique_ptr<const Snapshot::Data>> run() {
    index_schemas();
    index_relations();
    place_columns();
    place_inheritance();
    place_foreign_keys();
    index_types();
    place_attached();
    index_functions();
    data_.dependencies = Dependencies(std::move(rows_.dependencies), std::move(rows_.objects));
    for (const Operator& each : data_.operators) data_.operators_by_name[each.name].push_back(&each);
    if (!contradiction_.empty()) {
      return base::Error{base::sqlstate::internal_error,
                         "the catalog's rows contradict each other: " + contradiction_ +
                             "; read all of them in one REPEATABLE READ transaction"};
    }
    return std::unique_ptr<const Snapshot::Data>(std::move(rows_.data));
  }

 private:
  void index_schemas();
  void index_relations();
  void place_columns();
  void place_inheritance();
  void place_foreign_keys();
  void index_types();
  void place_attached();
  void index_functions();

  void require(bool is_so, std::string_view what, std::string_view name);
  // One that must be there; null where it is not.
  Relation* relation(Oid oid, std::string_view whose);
  std::vector<std::string> names(const Relation& relation, const std::vector<std::int16_t>& numbers);
  std::vector<Access> accesses(const std::vector<NamedColumn>& named) const;
  void add_functions_of_types(std::vector<Oid> types, std::vector<Oid>& functions) const;

  Rows rows_;
  Snapshot::Data& data_;
  std::string contradiction_;
};

void Assembly::require(bool is_so, std::string_view what, std::string_view name) {
  if (!is_so && contradiction_.empty()) contradiction_ = std::string(what) + " \"" + std::string(name) + "\"";
}

Relation* Assembly::relation(Oid oid, std::string_view whose) {
  const auto found = data_.relation_by_oid.find(oid);
  if (found != data_.relation_by_oid.end()) return found->second;
  require(false, "there is no relation " + std::to_string(oid) + " for", whose);
  return nullptr;
}

void Assembly::index_schemas() {
  for (const Schema& schema : data_.schemas) {
    const bool is_new = data_.schema_by_oid.emplace(schema.oid, &schema).second &&
                        data_.schema_by_name.emplace(schema.name, &schema).second;
    require(is_new, "there are two of the schema", schema.name);
  }
}

void Assembly::index_relations() {
  std::ranges::sort(data_.relations, {}, &Relation::oid);
  data_.relation_by_oid.reserve(data_.relations.size());
  data_.relation_by_name.reserve(data_.relations.size());
  for (Relation& each : data_.relations) {
    const bool is_new = data_.relation_by_oid.emplace(each.oid, &each).second &&
                        data_.relation_by_name.emplace(QualifiedName{each.schema, each.name}, &each).second;
    require(is_new, "there are two of the relation", each.name);
    require(data_.schema_by_oid.contains(each.schema), "there is no schema of the relation", each.name);
  }
  for (const Relation& each : data_.relations) {
    if (each.table == kNoOid) continue;
    Relation* table = relation(each.table, each.name);
    if (table == nullptr) continue;
    (each.kind == RelationKind::sequence ? table->owned_sequences : table->indexes).push_back(each.oid);
  }
}

void Assembly::place_columns() {
  for (ColumnRow& row : rows_.columns)
    if (Relation* of = relation(row.relation, row.column.name)) of->columns.push_back(std::move(row.column));
  for (Relation& each : data_.relations) {
    std::ranges::sort(each.columns, {}, &Column::number);
    const auto twice = std::ranges::adjacent_find(each.columns, {}, &Column::number);
    require(twice == each.columns.end(), "there are two columns of one number in", each.name);
  }
}

void Assembly::place_inheritance() {
  for (const InheritanceRow& row : rows_.inheritance) {
    Relation* child = relation(row.child, "inheritance");
    Relation* parent = relation(row.parent, "inheritance");
    if (child == nullptr || parent == nullptr) continue;
    child->parents.push_back(row.parent);
    parent->children.push_back(row.child);
  }
}

std::vector<std::string> Assembly::names(const Relation& of, const std::vector<std::int16_t>& numbers) {
  std::vector<std::string> names;
  for (const std::int16_t number : numbers) {
    const auto found = std::ranges::lower_bound(of.columns, number, {}, &Column::number);
    const bool is_there = found != of.columns.end() && found->number == number;
    require(is_there, "there is no column " + std::to_string(number) + " of", of.name);
    if (is_there) names.push_back(found->name);
  }
  return names;
}

void Assembly::place_foreign_keys() {
  data_.foreign_keys.reserve(rows_.foreign_keys.size());
  for (ForeignKeyRow& row : rows_.foreign_keys) {
    const Relation* child = relation(row.key.child, row.key.name);
    const Relation* parent = relation(row.key.parent, row.key.name);
    if (child == nullptr || parent == nullptr) continue;
    row.key.child_columns = names(*child, row.child_columns);
    row.key.parent_columns = names(*parent, row.parent_columns);
    data_.foreign_keys.push_back(std::move(row.key));
  }
  for (const ForeignKey& key : data_.foreign_keys) {
    data_.foreign_keys_to[key.parent].push_back(&key);
    data_.foreign_keys_from[key.child].push_back(&key);
  }
}

void Assembly::index_types() {
  for (Type& type : data_.types) {
    const bool is_new = data_.type_by_oid.emplace(type.oid, &type).second &&
                        data_.type_by_name.emplace(QualifiedName{type.schema, type.name}, &type).second;
    require(is_new, "there are two of the type", type.name);
    require(data_.schema_by_oid.contains(type.schema), "there is no schema of the type", type.name);
    if (type.relation == kNoOid) continue;
    if (const Relation* shape = relation(type.relation, type.name))
      for (const Column& column : shape->columns) type.parts.push_back(column.type);
  }
  for (Type& type : data_.types) sort_unique(type.parts);
}

// Columns that are not there (a toast table's) count as the whole row.
std::vector<Access> Assembly::accesses(const std::vector<NamedColumn>& named) const {
  std::map<Oid, Access> found;
  for (const NamedColumn& each : named) {
    Access& access = found[each.relation];
    access.relation = each.relation;
    if (!each.column) continue;
    const auto relation = data_.relation_by_oid.find(each.relation);
    const Column* column = nullptr;
    if (relation != data_.relation_by_oid.end()) {
      const auto& columns = relation->second->columns;
      const auto place = std::ranges::lower_bound(columns, *each.column, {}, &Column::number);
      if (place != columns.end() && place->number == *each.column) column = &*place;
    }
    if (column == nullptr)
      access.all_columns = true;
    else
      access.columns.push_back(column->name);
  }
  std::vector<Access> accesses;
  for (auto& [oid, access] : found) {
    sort_unique(access.columns);
    accesses.push_back(std::move(access));
  }
  return accesses;
}

// A conversion to a type runs the functions of what the type is made of as well.
void Assembly::add_functions_of_types(std::vector<Oid> types, std::vector<Oid>& functions) const {
  for (std::size_t next = 0; next < types.size(); ++next) {
    const auto type = data_.type_by_oid.find(types[next]);
    if (type == data_.type_by_oid.end()) continue;
    functions.insert(functions.end(), type->second->functions.begin(), type->second->functions.end());
    for (const Oid part : type->second->parts)
      if (std::ranges::find(types, part) == types.end()) types.push_back(part);
  }
}

void Assembly::place_attached() {
  for (AttachedRow& row : rows_.attached) {
    Relation* of = relation(row.relation, row.attached.name);
    if (of == nullptr) continue;
    row.attached.accesses = accesses(row.named);
    add_functions_of_types(std::move(row.types), row.attached.functions);
    sort_unique(row.attached.functions);
    for (const Access& access : row.attached.accesses) {
      const auto used = data_.relation_by_oid.find(access.relation);
      if (used != data_.relation_by_oid.end() && used->second != of) used->second->used_by.push_back(of->oid);
    }
    of->attached.push_back(std::move(row.attached));
  }
  for (Relation& each : data_.relations) sort_unique(each.used_by);
}

void Assembly::index_functions() {
  std::ranges::sort(data_.functions, {}, &Function::oid);
  data_.function_by_oid.reserve(data_.functions.size());
  for (const Function& function : data_.functions) {
    const bool is_new = data_.function_by_oid.emplace(function.oid, &function).second;
    require(is_new, "there are two of the function", function.name);
    require(data_.schema_by_oid.contains(function.schema), "there is no schema of the function",
            function.name);
    data_.functions_by_name[QualifiedName{function.schema, function.name}].push_back(&function);
  }
}

}  // namespace

base::Result<std::unique_ptr<const Snapshot::Data>> assemble(Rows rows) {
  return Assembly(std::move(rows)).run();
}

}  // namespace portcullis::catalog
