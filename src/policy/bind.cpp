// Policy + database: which relations the protections mean, which bodies the allowed functions have, and which
// names mean nothing.
#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "base/holds.hpp"
#include "policy/builtins.hpp"
#include "policy/load_context.hpp"
#include "policy/object_name.hpp"
#include "policy/rules.hpp"
#include "sql/builtin_names.hpp"

namespace portcullis::policy {
namespace {

using catalog::Snapshot;
using sql::Action;

constexpr catalog::Oid kJson = 114;  // pg_type.dat
// Every table has these (PostgreSQL manual, "System Columns"), and no catalog lists them.
constexpr auto kSystemColumns =
    std::to_array<std::string_view>({"cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"});

class Binder {
 public:
  Binder(const PolicyData& policy, const Snapshot& snapshot) : policy_(policy), snapshot_(snapshot) {}

  Bound bind(const Bound* earlier) {
    find_protected();
    if (earlier == nullptr) {
      pin_functions();
    } else {
      bound_.pins = earlier->pins;
      keep_protected(*earlier);
    }
    find_sequences();
    find_json_casts();
    check_names();
    return std::move(bound_);
  }

 private:
  [[nodiscard]] std::string schema_of(catalog::Oid schema) const {
    const auto* found = snapshot_.schema(schema);
    return found == nullptr ? std::string() : found->name;
  }
  [[nodiscard]] sql::Name name_of(const catalog::Relation& relation) const {
    return {{}, schema_of(relation.schema), relation.name};
  }
  [[nodiscard]] std::string signature_of(const catalog::Function& function) const {
    return signature({{}, schema_of(function.schema), function.name}, function.arguments);
  }

  void find_protected() {
    for (const auto& relation : snapshot_.relations()) {
      const sql::Name name = name_of(relation);
      for (std::size_t p = 0; p < policy_.protections.size(); ++p) {
        const auto& patterns = policy_.protections[p].on;
        for (std::size_t i = 0; i < patterns.size(); ++i) {
          if (!patterns[i].matches(name)) continue;
          add(relation.oid, {p, i, "it was " + quoted(name) + " when the policy was loaded"});
          protect_children(relation, {p, i, "it is part of " + quoted(name)});
        }
      }
    }
  }

  // A partition holds rows of its table: under its own name too.
  void protect_children(const catalog::Relation& relation, const Bound::Protected& entry) {
    std::set<catalog::Oid> seen{relation.oid};
    std::vector<catalog::Oid> left(relation.children.begin(), relation.children.end());
    while (!left.empty()) {
      const catalog::Oid oid = left.back();
      left.pop_back();
      const auto* child = snapshot_.relation(oid);
      if (child == nullptr || !seen.insert(oid).second) continue;
      add(oid, entry);
      left.insert(left.end(), child->children.begin(), child->children.end());
    }
  }

  void add(catalog::Oid oid, const Bound::Protected& entry) {
    auto& entries = bound_.relations[oid];
    const auto same = [&](const auto& other) {
      return other.protection == entry.protection && other.pattern == entry.pattern;
    };
    if (std::none_of(entries.begin(), entries.end(), same)) entries.push_back(entry);
  }

  void keep_protected(const Bound& earlier) {
    for (const auto& [oid, entries] : earlier.relations) {
      for (const auto& entry : entries) add(oid, entry);
    }
  }

  void pin_functions() {
    for (const auto& function : snapshot_.functions()) {
      if (is_allowed(function)) bound_.pins.emplace(signature_of(function), function.body_hash);
    }
  }

  // By anyone's rule: the pin opens nothing by itself.
  [[nodiscard]] bool is_allowed(const catalog::Function& function) const {
    const std::string schema = schema_of(function.schema);
    const auto& entries = policy_.allowed_functions;
    if (std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.names(schema, function); }))
      return true;
    return std::any_of(policy_.rules.begin(), policy_.rules.end(), [&](const Rule& rule) {
      const bool calls =
          rule.actions.contains(Action::execute_function) || rule.actions.contains(Action::call);
      return rule.opens() && calls &&
             std::any_of(rule.on.begin(), rule.on.end(), [&](const ObjectPattern& pattern) {
               return pattern.exact() && pattern.matches({{}, schema, function.name});
             });
    });
  }

  void find_sequences() {
    for (const auto& relation : snapshot_.relations()) {
      if (relation.kind != catalog::RelationKind::sequence) continue;
      auto& sequence = bound_.sequences[name_of(relation)];
      sequence.oid = relation.oid;
      const auto* table = snapshot_.relation(relation.table);
      if (table == nullptr) continue;
      sequence.table_oid = table->oid;
      sequence.table = name_of(*table);
      sequence.column = column_filled_by(*table, relation.oid);
    }
  }

  void find_json_casts() {
    for (const auto& cast : snapshot_.casts()) {
      const auto* function = cast.target == kJson ? snapshot_.function(cast.function) : nullptr;
      if (function != nullptr) bound_.json_casts.push_back(signature_of(*function));
    }
  }

  void check_names() {
    for (const auto& protection : policy_.protections) {
      for (const auto& pattern : protection.on) report(pattern, true);
    }
    for (const auto& rule : policy_.rules) {
      if (only_makes(rule.actions)) continue;
      const bool closes = !rule.opens() && !rule.monitored && !policy_.monitored;
      for (const auto& pattern : rule.on) report(pattern, closes);
    }
    for (const auto& entry : policy_.denied_functions) report(entry, true);
    for (const auto& entry : policy_.allowed_functions) report(entry, false);
  }

  // What a rule lets agents make is not there yet.
  static bool only_makes(const ActionSet& actions) {
    const auto all = sql::all_actions();
    return std::all_of(all.begin(), all.end(), [&](Action action) {
      const auto name = sql::name(action);
      return !actions.contains(action) || name.starts_with("create ") || name.starts_with("rename ") ||
             action == Action::select_into;
    });
  }

  void report(const ObjectPattern& pattern, bool closes) {
    if (auto what = unknown(pattern); !what.empty())
      tell({pattern.line, pattern.column, std::move(what)}, closes);
  }
  void report(const FunctionEntry& entry, bool closes) {
    const bool own = entry.extension.empty() && is_catalog_schema(entry.name.schema);
    const auto all = snapshot_.functions();
    const bool found = std::any_of(all.begin(), all.end(), [&](const catalog::Function& function) {
      return entry.names(schema_of(function.schema), function);
    });
    if (own || found) return;
    std::string message = "the database has no function " + in_quotes(to_text(entry));
    if (!entry.extension.empty()) message = "the database has no function of " + to_text(entry);
    tell({entry.line, entry.column, message + overloads(entry)}, closes);
  }
  void tell(Problem problem, bool closes) {
    (closes ? bound_.errors : bound_.warnings).push_back(std::move(problem));
  }

  [[nodiscard]] std::string overloads(const FunctionEntry& entry) const {
    std::string text;
    for (const auto* function : snapshot_.functions(entry.name.schema, entry.name.name)) {
      text += (text.empty() ? ": it has " : ", ") + signature_of(*function);
    }
    return text;
  }

  // What is not there, or nothing.
  [[nodiscard]] std::string unknown(const ObjectPattern& pattern) const {
    if (pattern.schema.empty()) return {};
    if (snapshot_.schema(pattern.schema) == nullptr && !is_catalog_schema(pattern.schema)) {
      return "the database has no schema " + in_quotes(pattern.schema);
    }
    if (!pattern.exact()) return {};
    const auto* relation = snapshot_.relation(pattern.schema, pattern.name);
    if (relation == nullptr && (!pattern.whole() || !is_other_object(pattern))) {
      return "the database has no object " + in_quotes(quoted({{}, pattern.schema, pattern.name}));
    }
    for (const auto& column : pattern.columns) {
      if (relation->column(column) == nullptr && !base::holds(kSystemColumns, column)) {
        return in_quotes(quoted({{}, pattern.schema, pattern.name})) + " has no column " + in_quotes(column);
      }
    }
    return {};
  }

  [[nodiscard]] bool is_other_object(const ObjectPattern& pattern) const {
    if (!snapshot_.functions(pattern.schema, pattern.name).empty()) return true;
    if (snapshot_.type(pattern.schema, pattern.name) != nullptr) return true;
    if (is_catalog_schema(pattern.schema)) {
      return sql::is_builtin_function(pattern.name) ||
             builtin_function(pattern.schema, pattern.name) != nullptr ||
             builtin_catalog(pattern.schema, pattern.name) != nullptr || sql::is_builtin_type(pattern.name);
    }
    const auto operators = snapshot_.operators(pattern.name);
    return std::any_of(operators.begin(), operators.end(),
                       [&](const auto* found) { return schema_of(found->schema) == pattern.schema; });
  }

  const PolicyData& policy_;
  const Snapshot& snapshot_;
  Bound bound_;
};

}  // namespace

std::string column_filled_by(const catalog::Relation& table, catalog::Oid sequence) {
  const auto names_it = [&](const catalog::Access& access) { return access.relation == sequence; };
  for (const auto& code : table.attached) {
    const bool found = code.kind == catalog::Attached::Kind::default_value &&
                       std::any_of(code.accesses.begin(), code.accesses.end(), names_it);
    if (found) return code.name;
  }
  return {};
}

Bound bind(const PolicyData& policy, const Snapshot& snapshot, const Bound* earlier) {
  return Binder(policy, snapshot).bind(earlier);
}

}  // namespace portcullis::policy
