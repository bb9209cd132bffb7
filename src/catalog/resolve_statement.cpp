#include "catalog/resolve_statement.hpp"

#include <algorithm>
#include <utility>

#include "catalog/resolve_actions.hpp"
#include "sql/builtin_names.hpp"

namespace portcullis::catalog {
namespace {

using sql::Action;
using sql::ColumnUse;
using sql::Effect;
using sql::Name;
using sql::ObjectKind;

// One meaning of an effect.
ResolvedEffect meaning(const Effect& effect, std::string_view schema) {
  ResolvedEffect found{.effect = effect};
  found.effect.object.database.clear();
  found.effect.object.schema = schema;
  return found;
}

ResolvedEffect meaning(const Effect& effect, const Function& function, std::string_view schema) {
  ResolvedEffect found = meaning(effect, schema);
  found.oid = function.oid;
  found.arguments = function.arguments;
  found.body_hash = function.body_hash;
  found.extension = function.extension;
  return found;
}

bool is_call(const Effect& effect) {
  return effect.action == Action::execute_function || effect.action == Action::call;
}

// CREATE TEMPORARY TABLE names its schema already.
bool needs_schema(const Effect& effect) {
  const bool in_schema = effect.kind == ObjectKind::relation || effect.kind == ObjectKind::function ||
                         effect.kind == ObjectKind::type || effect.kind == ObjectKind::other;
  return in_schema && effect.object.schema.empty();
}

}  // namespace

void StatementResolver::run() {
  note_calls_by_columns();
  for (const Effect& effect : statement_.effects) {
    if (effects_.full()) return;
    add(effect);
  }
  add_calls_by_columns();
}

void StatementResolver::add(const Effect& effect) {
  if (effect.object.name.empty() || names_.in_other_database(effect.object)) {
    return effects_.add_written({.effect = effect});
  }
  if (makes_object(effect.action)) return add_made(effect);
  switch (effect.kind) {
    case ObjectKind::relation: return add_relation(effect);
    case ObjectKind::function:
      return effect.attribute_notation ? add_attribute_call(effect) : add_function(effect);
    case ObjectKind::type: return add_type(effect);
    case ObjectKind::other:
      return effect.action == Action::use_operator ? add_operator(effect) : add_other(effect);
    case ObjectKind::none:
    case ObjectKind::setting:
    case ObjectKind::schema: break;
  }
  effects_.add_written({.effect = effect});
}

void StatementResolver::add_missing(const Effect& effect) {
  // What is not there under IF EXISTS is nothing to PostgreSQL; it would be in the schema where it is made.
  const bool would_be = effect.missing_ok && effect.object.schema.empty() && needs_schema(effect);
  ResolvedEffect found = meaning(effect, would_be ? names_.creation_schema() : effect.object.schema);
  found.missing = true;
  effects_.add_written(std::move(found));
}

// The second effect of RENAME and SET SCHEMA on a relation is on the name that it gets.
bool StatementResolver::is_new_name(const Effect& effect) {
  if (!moves_relation(effect.action)) return false;
  if (moved_ != nullptr && moved_->action == effect.action) return true;
  moved_ = &effect;
  return false;
}

void StatementResolver::add_relation(const Effect& effect) {
  if (is_new_name(effect)) {
    return effects_.add_written(
        meaning(effect, effect.object.schema.empty() ? moved_schema_ : effect.object.schema));
  }
  const Relation* const relation = names_.relation(effect.object);
  if (relation == nullptr) return add_missing(effect);
  const std::string& schema = names_.schema_name(relation->schema);
  if (moved_ == &effect) moved_schema_ = schema;
  if (first_schema_.empty()) first_schema_ = schema;
  ResolvedEffect found = meaning(effect, schema);
  found.oid = relation->oid;
  found.relation_kind = relation->kind;
  fill_columns(effect.object, *relation, found);
  effects_.add_written(std::move(found));
}

// COPY t TO names its columns itself.
void StatementResolver::fill_columns(const Name& written, const Relation& relation,
                                     ResolvedEffect& found) const {
  Effect& effect = found.effect;
  if (!has_column_set(effect.action)) return;
  found.all_columns = effect.columns.empty() && means_all_without_columns(effect.action);
  if (effect.action == Action::select) {
    ColumnSet asked = columns_.of(relation);
    effect.columns.insert(effect.columns.end(), asked.columns.begin(), asked.columns.end());
    found.all_columns = asked.all || copies_whole(statement_, written);
  } else if (has_expressions(effect.action)) {
    ColumnSet asked = columns_.of(relation);
    effect.columns.insert(effect.columns.end(), asked.columns.begin(), asked.columns.end());
    found.all_columns = asked.all;
  }
  sort_columns(effect.columns);
}

// What is made goes to the first schema of the path; a serial's sequence to its table's.
void StatementResolver::add_made(const Effect& effect) {
  std::string_view schema = effect.object.schema;
  if (needs_schema(effect)) {
    const bool beside_table = effect.action == Action::create_sequence && statement_.kind == "ALTER TABLE";
    schema = beside_table && !first_schema_.empty() ? first_schema_ : names_.creation_schema();
  }
  ResolvedEffect found = meaning(effect, schema);
  const Relation* const there =
      effect.kind == ObjectKind::relation ? names_.snapshot().relation(schema, effect.object.name) : nullptr;
  if (there != nullptr) {  // CREATE OR REPLACE VIEW, IF NOT EXISTS
    found.oid = there->oid;
    found.relation_kind = there->kind;
  }
  effects_.add_written(std::move(found));
}

bool StatementResolver::add_overloads(const Effect& effect) {
  const Name& name = effect.object;
  const bool own = (name.schema.empty() || name.schema == kOwnSchema) &&
                   (sql::is_builtin_function(name.name) || sql::is_builtin_construct(name.name));
  if (own) effects_.add_written(meaning(effect, kOwnSchema));
  bool found = own;
  for (const Function* const function : names_.functions(name)) {
    if (effect.argument_count && !function->takes(*effect.argument_count)) continue;
    effects_.add_written(meaning(effect, *function, names_.schema_name(function->schema)));
    found = true;
  }
  return found;
}

// `name(x)` is a cast to a type of that name (manual, "Type Casts"). To one of PostgreSQL's own it is as free
// as x::name.
bool StatementResolver::add_as_type(const Effect& effect) {
  const Name& name = effect.object;
  if (effect.argument_count.value_or(1) != 1) return false;
  const bool may_be_own = name.schema.empty() || name.schema == kOwnSchema;
  if (const Type* const type = names_.type(name); type != nullptr && type->oid >= kFirstUserOid) {
    Effect cast{.action = Action::use_type};
    cast.kind = ObjectKind::type;
    cast.object = name;
    cast.location = effect.location;
    add_type(cast);
    return true;
  }
  return may_be_own && sql::is_builtin_type(name.name);
}

void StatementResolver::add_function(const Effect& effect) {
  const bool is_function = add_overloads(effect);
  const bool is_type = is_call(effect) && add_as_type(effect);
  if (is_function || is_type) return;
  // Of information_schema's functions the snapshot holds none.
  if (effect.object.schema == "information_schema") return effects_.add_written({.effect = effect});
  add_missing(effect);
}

// Kept unless every reference to that name is a column's. One without a place in the text is from (x).name.
void StatementResolver::add_attribute_call(const Effect& effect) {
  const std::string_view name = effect.object.name;
  const bool column = columns_named_.contains(name) && !calls_named_.contains(name);
  if (!column || effect.location < 0) effects_.add_written(meaning(effect, kOwnSchema));
}

void StatementResolver::note_calls_by_columns() {
  for (const ColumnUse& use : statement_.column_uses) {
    if (use.column.empty() || (use.of.name.empty() && !use.of_expression)) continue;
    if (!columns_.may_be_call(use)) {
      columns_named_.insert(use.column);
    } else {
      calls_named_.try_emplace(use.column, use.location);
    }
  }
}

// t.x calls a user's function x where t has no such column.
void StatementResolver::add_calls_by_columns() {
  for (const auto& [name, location] : calls_named_) {
    Effect call{.action = Action::execute_function};
    call.kind = ObjectKind::function;
    call.object.name = name;
    call.attribute_notation = true;
    call.location = location;
    for (const Function* const function : names_.functions(call.object)) {
      if (function->argument_types.empty() || !function->takes(1)) continue;
      effects_.add_written(meaning(call, *function, names_.schema_name(function->schema)));
    }
  }
}

// relation.column%TYPE names the relation.
void StatementResolver::add_type(const Effect& effect) {
  const Type* const type = names_.type(effect.object);
  const Relation* const row = type == nullptr ? names_.relation(effect.object) : nullptr;
  if (type == nullptr && row == nullptr) {
    const bool may_be_own = effect.object.schema.empty() || effect.object.schema == kOwnSchema;
    if (may_be_own && sql::is_builtin_type(effect.object.name)) {
      return effects_.add_written(meaning(effect, kOwnSchema));
    }
    return add_missing(effect);
  }
  const auto index = static_cast<std::int32_t>(effects_.size());
  ResolvedEffect found = meaning(effect, names_.schema_name(type != nullptr ? type->schema : row->schema));
  if (type != nullptr) {
    found.oid = type->oid;
    found.extension = type->extension;
  }
  effects_.add_written(std::move(found));
  if (type == nullptr || effect.action != Action::use_type) return;
  call_type_functions(effects_, type->oid, {Via::stored_expression, index, {}, effect.location}, true);
}

void StatementResolver::add_operator(const Effect& effect) {
  std::vector<std::string_view> schemas;
  for (const Operator* const candidate : names_.operators(effect.object)) {
    const std::string& schema = names_.schema_name(candidate->schema);
    if (std::find(schemas.begin(), schemas.end(), schema) == schemas.end()) schemas.push_back(schema);
  }
  if (schemas.empty()) return add_missing(effect);
  for (const std::string_view schema : schemas) effects_.add_written(meaning(effect, schema));
}

// The snapshot does not hold them: each schema of the path may.
void StatementResolver::add_other(const Effect& effect) {
  if (!effect.object.schema.empty() || !is_on_other_in_schema(effect.action)) {
    return effects_.add_written({.effect = effect});
  }
  for (const std::string& schema : names_.path()) {
    if (schema != kOwnSchema) effects_.add_written(meaning(effect, schema));
  }
}

}  // namespace portcullis::catalog
