// The effects that stand in one statement, each for the objects that PostgreSQL would find by its name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>

#include "catalog/closure.hpp"
#include "catalog/resolve_columns.hpp"
#include "catalog/resolve_names.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::catalog {

class StatementResolver {
 public:
  // All must outlive it.
  StatementResolver(const sql::StatementFacts& statement, const Names& names, EffectList& effects)
      : statement_(statement), names_(names), effects_(effects), columns_(statement, names) {}

  void run();

 private:
  void add(const sql::Effect& effect);
  void add_relation(const sql::Effect& effect);
  void add_made(const sql::Effect& effect);
  void add_function(const sql::Effect& effect);
  void add_attribute_call(const sql::Effect& effect);
  void add_type(const sql::Effect& effect);
  void add_operator(const sql::Effect& effect);
  void add_other(const sql::Effect& effect);

  // True where it is something: the meanings are added.
  bool add_overloads(const sql::Effect& effect);
  bool add_as_type(const sql::Effect& effect);
  void add_missing(const sql::Effect& effect);
  void note_calls_by_columns();
  void add_calls_by_columns();
  void fill_columns(const sql::Name& written, const Relation& relation, ResolvedEffect& found) const;
  [[nodiscard]] bool is_new_name(const sql::Effect& effect);

  const sql::StatementFacts& statement_;
  const Names& names_;
  EffectList& effects_;
  ColumnUses columns_;
  // Names behind a dot: those that are a column in one place at least, and those that may be a call in one.
  std::unordered_set<std::string_view> columns_named_;
  std::map<std::string_view, std::int32_t> calls_named_;  // where
  const sql::Effect* moved_ = nullptr;                    // the effect on the old name of what is renamed
  std::string moved_schema_;                              // where that was found
  std::string first_schema_;                              // of the first relation that was found
};

}  // namespace portcullis::catalog
