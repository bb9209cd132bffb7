// Snapshots for tests, written as a few lines instead of as a server's rows:
//
//   MakeSnapshot make;
//   make.table("app.users", {"id int4", "ssn text"});
//   make.view("app.people", {"id int4"}, {"app.users(id)"});
//   std::shared_ptr<const Snapshot> snapshot = make.build();
//
// Everything goes through SnapshotBuilder, as a server's rows do. Names are "schema.name"; schemas come about
// by being named. What belongs to pg_catalog or information_schema gets an oid below kFirstUserOid. A name
// that was not made before it is used throws std::out_of_range: the test fails.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/dependencies.hpp"
#include "catalog/queries.hpp"
#include "catalog/snapshot_builder.hpp"
#include "portcullis/catalog/snapshot.hpp"

namespace portcullis::catalog::testing {

class MakeSnapshot {
 public:
  using Texts = std::vector<std::string>;

  explicit MakeSnapshot(int server_version = 150018) : server_version_(server_version) {
    row("server", {std::to_string(server_version), "shop", "fingerprint"});
    const std::pair<const char*, const char*> base_types[] = {
        {"bool", "16"},  {"bytea", "17"},  {"int8", "20"},      {"int4", "23"},          {"text", "25"},
        {"json", "114"}, {"xml", "142"},   {"float8", "701"},   {"varchar", "1043"},     {"date", "1082"},
        {"int2", "21"},  {"uuid", "2950"}, {"jsonb", "3802"},   {"timestamptz", "1184"}, {"numeric", "1700"},
        {"name", "19"},  {"oid", "26"},    {"regclass", "2205"}};
    const std::string pg_catalog = number(schema("pg_catalog"));
    for (const auto& [name, oid] : base_types) {
      types_[name] = types_[std::string("pg_catalog.") + name] = static_cast<Oid>(std::stoul(oid));
      row("types", {oid, pg_catalog, name, "b", "0", "{}", "{}", ""});
    }
    schema("public");
  }

  Oid schema(const std::string& name) {
    const auto [found, is_new] = schemas_.try_emplace(name, kNoOid);
    if (is_new) {
      found->second = next_oid(name);
      row("schemas", {number(found->second), name});
    }
    return found->second;
  }

  // `columns` as "name type"; a type is one of PostgreSQL's above or one made here. Its row type is made too.
  Oid relation(RelationKind kind, const std::string& name, const Texts& columns, bool row_security = false) {
    const Oid oid = add_relation(kind, name, kNoOid, row_security);
    std::vector<std::string>& known = columns_[oid];
    for (const std::string& column : columns) {
      const auto [column_name, type] = split(column, ' ');
      known.push_back(column_name);
      row("columns", {number(oid), std::to_string(known.size()), column_name, number(type_oid(type))});
      needs({Catalog::relation, oid, known.size()}, {Catalog::type, type_oid(type)});
    }
    if (kind != RelationKind::index && kind != RelationKind::partitioned_index &&
        kind != RelationKind::sequence)
      needs({Catalog::type, add_type(name, Type::Kind::composite, oid, {}, {}, "")}, {Catalog::relation, oid},
            'i');
    return oid;
  }
  Oid table(const std::string& name, const Texts& columns) {
    return relation(RelationKind::table, name, columns);
  }
  // `reads` as "schema.table(column, ...)", "schema.table(*)", "schema.table" (no column).
  Oid view(const std::string& name, const Texts& columns, const Texts& reads, const Texts& functions = {},
           RelationKind kind = RelationKind::view) {
    const Oid oid = relation(kind, name, columns);
    attach(name, 'v', "_RETURN", "s", functions, reads);
    return oid;
  }
  Oid sequence(const std::string& name, const std::string& owner_table = "") {
    const Oid owner = owner_table.empty() ? kNoOid : relations_.at(owner_table);
    const Oid oid = add_relation(RelationKind::sequence, name, owner, false);
    if (owner != kNoOid) needs({Catalog::relation, oid}, {Catalog::relation, owner, 1}, 'a');
    return oid;
  }
  Oid index(const std::string& name, const std::string& table) {
    const Oid oid = add_relation(RelationKind::index, name, relations_.at(table), false);
    needs({Catalog::relation, oid}, {Catalog::relation, relations_.at(table)}, 'a');
    return oid;
  }
  void inherit(const std::string& child, const std::string& parent) {
    row("inheritance", {number(relations_.at(child)), number(relations_.at(parent))});
    const bool partition = partitioned_.contains(relations_.at(parent));
    needs({Catalog::relation, relations_.at(child)}, {Catalog::relation, relations_.at(parent)},
          partition ? 'a' : 'n');
  }
  // Both as "schema.table(column, ...)"; the actions as in ForeignKey::Action.
  void foreign_key(const std::string& name, const std::string& child, const std::string& parent,
                   char on_delete = 'a', char on_update = 'a') {
    const auto [child_oid, child_columns] = reference(child);
    const auto [parent_oid, parent_columns] = reference(parent);
    row("foreign_keys", {name, number(child_oid), number(parent_oid), array(child_columns),
                         array(parent_columns), std::string(1, on_update), std::string(1, on_delete)});
    const Object key = object(Catalog::constraint, 'c', child_oid, name);
    for (const std::string& column : child_columns) needs(key, part(child_oid, column), 'a');
    // Unlike a server's, its index is left out: the key needs the constraint itself.
    const Object unique = object(Catalog::constraint, 'c', parent_oid, name + "_needs");
    needs(key, unique);
    for (const std::string& column : parent_columns) {
      needs(key, part(parent_oid, column));
      needs(unique, part(parent_oid, column), 'a');
    }
  }

  // Stored code on a relation. `kind`: v view definition, r rule, t trigger, p policy, d default, c check, i
  // index, k partition key, s statistics. `events`: letters of s select, i insert, u update, d delete, t
  // truncate. `functions` by name, of those made here; `reads` as for view().
  void attach(const std::string& relation, char kind, const std::string& name, const std::string& events,
              const Texts& functions = {}, const Texts& reads = {}, bool instead = false,
              const Texts& types = {}) {
    Texts accesses;
    for (const std::string& read : reads) {
      const auto [oid, columns] = reference(read);
      accesses.push_back(number(oid));
      for (const std::string& column : columns) accesses.push_back(number(oid) + ":" + column);
    }
    Texts type_oids;
    for (const std::string& type : types) type_oids.push_back(number(type_oid(type)));
    row("attached", {number(relations_.at(relation)), std::string(1, kind), name, events, instead ? "t" : "f",
                     array(function_oids(functions)), array(type_oids), array(accesses)});
    add_code(relation, kind, name, functions, reads);
  }
  void trigger(const std::string& relation, const std::string& name, const std::string& events,
               const std::string& function, bool instead = false) {
    attach(relation, 't', name, events, {function}, {}, instead);
  }

  // `argument_types` by name; overloads are made by calling it again. `functions` elsewhere means the last
  // one made.
  Oid function(const std::string& name, const Texts& argument_types = {}, const std::string& extension = "",
               Function::Kind kind = Function::Kind::function, const std::string& result = "int4",
               int defaults = 0, bool variadic = false) {
    const Oid oid = next_oid("app");
    functions_[name] = oid;
    Texts oids;
    std::string arguments;
    for (const std::string& type : argument_types) {
      oids.push_back(number(type_oid(type)));
      arguments += (arguments.empty() ? "" : ", ") + type;
    }
    const auto [schema_name, function_name] = split(name, '.');
    row("functions", {number(oid), number(schema(schema_name)), function_name, arguments, array(oids),
                      std::to_string(defaults), variadic ? "t" : "f", number(type_oid(result)),
                      std::string(1, static_cast<char>(kind)), "plpgsql", "v", "f",
                      "0123456789abcdef0123456789abcdef", extension});
    needs({Catalog::function, oid}, {Catalog::schema, schema(schema_name)});
    for (const std::string& type : argument_types)
      needs({Catalog::function, oid}, {Catalog::type, type_oid(type)});
    needs({Catalog::function, oid}, {Catalog::type, type_oid(result)});
    if (!extension.empty()) needs({Catalog::function, oid}, {kExtensions, extension_oid(extension)}, 'e');
    return oid;
  }
  // One of PostgreSQL's own, so that stored code can call it.
  Oid builtin_function(const std::string& name) {
    const Oid oid = next_oid("pg_catalog");
    functions_[name] = oid;
    row("builtin_functions", {number(oid), name});
    return oid;
  }
  Oid type(const std::string& name, Type::Kind kind, const Texts& parts = {}, const Texts& functions = {},
           const std::string& extension = "") {
    Texts oids;
    for (const std::string& part : parts) oids.push_back(number(type_oid(part)));
    const Oid oid = add_type(name, kind, kNoOid, oids, functions, extension);
    const bool array = kind == Type::Kind::base;
    for (const std::string& part : parts)
      needs({Catalog::type, oid}, {Catalog::type, type_oid(part)}, array ? 'i' : 'n');
    if (!array) needs({Catalog::type, oid}, {Catalog::schema, schema(split(name, '.').first)});
    for (const std::string& function : functions)
      needs({Catalog::type, oid}, {Catalog::function, functions_.at(function)});
    return oid;
  }
  Oid domain(const std::string& name, const std::string& base, const Texts& functions) {
    return type(name, Type::Kind::domain, {base}, functions);
  }
  // `left` or `right` empty: no such operand.
  void user_operator(const std::string& schema_name, const std::string& name, const std::string& left,
                     const std::string& right, const std::string& function) {
    row("operators", {number(schema(schema_name)), name, number(left.empty() ? kNoOid : type_oid(left)),
                      number(right.empty() ? kNoOid : type_oid(right)), number(functions_.at(function))});
    needs(object(kOperators, 'o', kNoOid, name, schema(schema_name)),
          {Catalog::function, functions_.at(function)});
  }
  void cast(const std::string& source, const std::string& target, const std::string& function) {
    row("casts", {number(type_oid(source)), number(type_oid(target)), number(functions_.at(function))});
    const Object made = object(kCasts, 'a', type_oid(source), "");
    needs(made, {Catalog::type, type_oid(source)});
    needs(made, {Catalog::type, type_oid(target)});
    needs(made, {Catalog::function, functions_.at(function)});
  }
  // `tags` separated by commas; empty: all.
  void event_trigger(const std::string& name, const std::string& event, const std::string& tags,
                     const std::string& function) {
    row("event_triggers", {name, event, tags, number(functions_.at(function))});
  }

  // --- what needs what: made along with the objects; more of it as rows of pg_depend are ---
  struct Object {
    Catalog catalog;
    Oid oid;
    std::size_t part = 0;  // a column's number
  };
  void needs(const Object& dependent, const Object& on, char kind = 'n') {
    if (dependent.oid < kFirstUserOid || (on.oid < kFirstUserOid && on.catalog != Catalog::schema)) return;
    row("dependencies",
        {catalog_number(dependent.catalog), number(dependent.oid), std::to_string(dependent.part),
         catalog_number(on.catalog), number(on.oid), std::to_string(on.part), std::string(1, kind)});
  }
  // As a SmallObject; `of` is a relation's or type's oid.
  Object object(Catalog catalog, char kind, Oid of, const std::string& name, Oid schema_oid = kNoOid) {
    const Oid oid = next_user_oid_++;
    row("objects",
        {catalog_number(catalog), number(oid), std::string(1, kind), number(of), number(schema_oid), name});
    return {catalog, oid};
  }

  [[nodiscard]] Oid relation_oid(const std::string& name) const { return relations_.at(name); }
  [[nodiscard]] Oid function_oid(const std::string& name) const { return functions_.at(name); }
  [[nodiscard]] Oid type_oid(const std::string& name) const { return types_.at(name); }

  // Whatever was made so far; may go on afterwards. Throws std::runtime_error with the builder's words.
  [[nodiscard]] std::shared_ptr<const Snapshot> build() const {
    SnapshotBuilder builder(server_version_);
    const std::span<const Query> all = queries(server_version_);
    for (std::size_t query = 0; query < all.size(); ++query) {
      const auto found = rows_.find(all[query].name);
      if (found == rows_.end()) continue;
      for (const Texts& texts : found->second) {
        const std::vector<Field> fields(texts.begin(), texts.end());
        if (const auto added = builder.add_row(query, fields); !added)
          throw std::runtime_error(added.error().message);
      }
    }
    auto built = builder.finish();
    if (!built) throw std::runtime_error(built.error().message);
    return *built;
  }

  // The same as `portcullis catalog dump` writes it.
  [[nodiscard]] std::string dump() const {
    DumpWriter writer(server_version_);
    const std::span<const Query> all = queries(server_version_);
    for (std::size_t query = 0; query < all.size(); ++query) {
      writer.begin_query(query);
      const auto found = rows_.find(all[query].name);
      if (found == rows_.end()) continue;
      for (const Texts& texts : found->second) writer.add_row(std::vector<Field>(texts.begin(), texts.end()));
    }
    return writer.take();
  }

 private:
  static constexpr auto kStatistics = static_cast<Catalog>(3381), kOperators = static_cast<Catalog>(2617),
                        kCasts = static_cast<Catalog>(2605), kExtensions = static_cast<Catalog>(3079);
  static std::string catalog_number(Catalog catalog) { return std::to_string(static_cast<int>(catalog)); }
  static Object part(Oid relation, const std::string& column) {
    return {Catalog::relation, relation, std::stoul(column)};
  }
  Oid extension_oid(const std::string& name) {
    const auto [found, is_new] = extensions_.try_emplace(name, kNoOid);
    if (is_new) found->second = object(kExtensions, 'z', kNoOid, "extension " + name).oid;
    return found->second;
  }
  void add_code(const std::string& on, char kind, const std::string& name, const Texts& functions,
                const Texts& reads) {
    const std::pair<char, std::pair<Catalog, char>> catalogs[] = {{'v', {Catalog::rule, 'r'}},
                                                                  {'r', {Catalog::rule, 'r'}},
                                                                  {'t', {Catalog::trigger, 't'}},
                                                                  {'p', {Catalog::policy, 'p'}},
                                                                  {'d', {Catalog::default_value, 'd'}},
                                                                  {'c', {Catalog::constraint, 'c'}},
                                                                  {'s', {kStatistics, 's'}}};
    for (const auto& [letter, as] : catalogs) {
      if (letter != kind) continue;
      const Oid relation = relations_.at(on);
      const Object code =
          object(as.first, as.second, relation, name, kind == 's' ? schema(split(on, '.').first) : kNoOid);
      needs(code,
            kind == 'd' ? part(relation, column_number(relation, name)) : Object{Catalog::relation, relation},
            kind == 'v' ? 'i' : 'a');
      for (const std::string& function : functions) needs(code, {Catalog::function, functions_.at(function)});
      for (const std::string& read : reads) {
        const auto [oid, columns] = reference(read);
        if (columns.empty()) needs(code, {Catalog::relation, oid});
        for (const std::string& column : columns) needs(code, part(oid, column));
      }
    }
  }

  using Reference = std::pair<Oid, Texts>;  // a relation and column numbers, "0" for the whole row

  static std::string number(Oid oid) { return std::to_string(oid); }
  static std::string array(const Texts& numbers) {
    std::string text;
    for (const std::string& each : numbers) text += (text.empty() ? "" : ",") + each;
    return "{" + text + "}";
  }
  static std::pair<std::string, std::string> split(const std::string& text, char at) {
    const std::size_t position = text.find(at);
    if (position == std::string::npos) throw std::out_of_range("\"" + text + "\" has no '" + at + "'");
    return {text.substr(0, position), text.substr(position + 1)};
  }

  Oid next_oid(const std::string& schema_name) {
    const bool builtin = schema_name == "pg_catalog" || schema_name == "information_schema";
    return builtin ? next_builtin_oid_++ : next_user_oid_++;
  }
  void row(const std::string& query, const Texts& fields) { rows_[query].push_back(fields); }

  Oid add_relation(RelationKind kind, const std::string& name, Oid table, bool row_security) {
    const auto [schema_name, relation_name] = split(name, '.');
    const Oid oid = relations_[name] = next_oid(schema_name);
    const bool temporary = schema_name.starts_with("pg_temp_");
    row("relations",
        {number(oid), number(schema(schema_name)), relation_name, std::string(1, static_cast<char>(kind)),
         temporary ? "t" : "f", row_security ? "t" : "f", number(table)});
    if (kind == RelationKind::partitioned_table || kind == RelationKind::partitioned_index)
      partitioned_.insert(oid);
    if (kind != RelationKind::index && kind != RelationKind::partitioned_index)
      needs({Catalog::relation, oid}, {Catalog::schema, schema(schema_name)});
    return oid;
  }
  Oid add_type(const std::string& name, Type::Kind kind, Oid relation, const Texts& parts,
               const Texts& functions, const std::string& extension) {
    const auto [schema_name, type_name] = split(name, '.');
    const Oid oid = types_[name] = next_oid(schema_name);
    row("types",
        {number(oid), number(schema(schema_name)), type_name, std::string(1, static_cast<char>(kind)),
         number(relation), array(parts), array(function_oids(functions)), extension});
    return oid;
  }
  Texts function_oids(const Texts& names) const {
    Texts oids;
    for (const std::string& name : names) oids.push_back(number(functions_.at(name)));
    return oids;
  }
  Reference reference(const std::string& text) const {
    const std::size_t open = text.find('(');
    const Oid oid = relations_.at(text.substr(0, open));
    Texts numbers;
    std::string name;
    for (const char c : open == std::string::npos ? std::string() : text.substr(open + 1)) {
      if (c == ',' || c == ')') {
        numbers.push_back(column_number(oid, name));
        name.clear();
      } else if (c != ' ') {
        name += c;
      }
    }
    return {oid, numbers};
  }
  std::string column_number(Oid relation, const std::string& name) const {
    if (name == "*") return "0";
    const Texts& names = columns_.at(relation);
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name) return std::to_string(i + 1);
    throw std::out_of_range("no column \"" + name + "\"");
  }

  int server_version_;
  Oid next_builtin_oid_ = 10000;
  Oid next_user_oid_ = kFirstUserOid;
  std::map<std::string, Oid> schemas_, relations_, functions_, types_, extensions_;
  std::set<Oid> partitioned_;
  std::map<Oid, Texts> columns_;
  std::map<std::string, std::vector<Texts>, std::less<>> rows_;
};

}  // namespace portcullis::catalog::testing
