// Finds what a name stands for, as PostgreSQL does by the search path (manual, "The Schema Search Path").
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::catalog {

inline constexpr std::string_view kOwnSchema = "pg_catalog";
[[nodiscard]] bool is_temporary_schema(std::string_view schema) noexcept;

// The schemas to look through: those given, with pg_catalog in front where they do not name it.
[[nodiscard]] std::vector<std::string> full_path(const NameSpace& names);

// Names of columns that every table has (manual, "System Columns").
[[nodiscard]] bool is_system_column(std::string_view name) noexcept;

// For one snapshot and one session, which must outlive it.
class Names {
 public:
  Names(const Snapshot& snapshot, const NameSpace& names) : snapshot_(snapshot), path_(full_path(names)) {}

  // Null where there is none, and for names in another database.
  [[nodiscard]] const Relation* relation(const sql::Name& name) const;
  [[nodiscard]] const Type* type(const sql::Name& name) const;
  // Users' functions: every overload that the name could mean.
  [[nodiscard]] std::vector<const Function*> functions(const sql::Name& name) const;
  [[nodiscard]] std::vector<const Operator*> operators(const sql::Name& name) const;

  // Where a new object without a schema goes; empty where there is no such schema.
  [[nodiscard]] std::string_view creation_schema() const noexcept;
  [[nodiscard]] bool in_other_database(const sql::Name& name) const noexcept {
    return !name.database.empty() && name.database != snapshot_.database();
  }
  [[nodiscard]] std::span<const std::string> path() const noexcept { return path_; }
  [[nodiscard]] const Snapshot& snapshot() const noexcept { return snapshot_; }
  // Empty for an oid that no schema has.
  [[nodiscard]] const std::string& schema_name(Oid schema) const;

 private:
  template <class Find>
  auto first(const sql::Name& name, const Find& find) const;

  const Snapshot& snapshot_;
  std::vector<std::string> path_;
};

}  // namespace portcullis::catalog
