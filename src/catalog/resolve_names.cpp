#include "catalog/resolve_names.hpp"

#include <algorithm>
#include <array>

namespace portcullis::catalog {
namespace {

constexpr std::string_view kTemporary = "pg_temp";  // the session's own, whatever its number

constexpr auto kSystemColumns =
    std::to_array<std::string_view>({"cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"});

}  // namespace

bool is_temporary_schema(std::string_view schema) noexcept {
  return schema == kTemporary || schema.starts_with("pg_temp_");
}

std::vector<std::string> full_path(const NameSpace& names) {
  const auto& given = names.search_path;
  std::vector<std::string> path;
  path.reserve(given.size() + 1);
  if (std::find(given.begin(), given.end(), kOwnSchema) == given.end()) path.emplace_back(kOwnSchema);
  path.insert(path.end(), given.begin(), given.end());
  return path;
}

bool is_system_column(std::string_view name) noexcept {
  return std::binary_search(kSystemColumns.begin(), kSystemColumns.end(), name);
}

template <class Find>
auto Names::first(const sql::Name& name, const Find& find) const {
  using Found = decltype(find(std::string_view{}));
  if (in_other_database(name)) return Found{};
  const bool own_temporary = name.schema == kTemporary;
  if (!name.schema.empty() && !own_temporary) return find(name.schema);
  for (const std::string& schema : path_) {
    if (own_temporary && !is_temporary_schema(schema)) continue;
    if (const auto found = find(schema)) return found;
  }
  return Found{};
}

const Relation* Names::relation(const sql::Name& name) const {
  return first(name, [&](std::string_view schema) { return snapshot_.relation(schema, name.name); });
}

const Type* Names::type(const sql::Name& name) const {
  return first(name, [&](std::string_view schema) { return snapshot_.type(schema, name.name); });
}

std::vector<const Function*> Names::functions(const sql::Name& name) const {
  std::vector<const Function*> found;
  if (in_other_database(name)) return found;
  const auto add = [&](std::string_view schema) {
    const auto overloads = snapshot_.functions(schema, name.name);
    found.insert(found.end(), overloads.begin(), overloads.end());
  };
  if (!name.schema.empty() && name.schema != kTemporary) {
    add(name.schema);
    return found;
  }
  // Functions and operators are looked for in the temporary schema only where it is named.
  for (const std::string& schema : path_) {
    if (is_temporary_schema(schema) != name.schema.empty()) add(schema);
  }
  return found;
}

std::vector<const Operator*> Names::operators(const sql::Name& name) const {
  std::vector<const Operator*> found;
  if (in_other_database(name)) return found;
  for (const Operator* const candidate : snapshot_.operators(name.name)) {
    const std::string& schema = schema_name(candidate->schema);
    const bool meant = name.schema.empty() ? std::find(path_.begin(), path_.end(), schema) != path_.end()
                                           : schema == name.schema;
    if (meant && !is_temporary_schema(schema)) found.push_back(candidate);
  }
  return found;
}

std::string_view Names::creation_schema() const noexcept {
  for (const std::string& schema : path_) {
    if (schema != kOwnSchema && !is_temporary_schema(schema)) return schema;
  }
  return {};
}

const std::string& Names::schema_name(Oid schema) const {
  static const std::string kNone;
  const Schema* const found = snapshot_.schema(schema);
  return found != nullptr ? found->name : kNone;
}

}  // namespace portcullis::catalog
