// Nothing that a tree can hold escapes the walk. Into real trees, at every place that the schema allows
// there, something is put whose effect is known, a call of a function and a name of a relation: the walk must
// report it or refuse the statement. Places where PostgreSQL reads nothing but a name or a number are listed
// below, each with its reason.
#include <gtest/gtest.h>

#include <pg_query.h>
#include <simdjson.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sql/complexity_guard.hpp"
#include "sql/node.hpp"
#include "sql/tree_schema.hpp"
#include "sql/walker.hpp"

namespace portcullis::sql {
namespace {

using Json = nlohmann::json;

std::vector<Json> trees_of(const std::string& text) {
  const auto guarded = guard_complexity(text, {});
  if (!guarded) return {};
  PgQueryParseResult parsed = pg_query_parse(guarded->text.c_str());
  std::vector<Json> trees;
  if (parsed.error == nullptr) {
    const Json document = Json::parse(parsed.parse_tree);
    for (const Json& statement : document["stmts"]) trees.push_back(statement["stmt"]);
  }
  pg_query_free_parse_result(parsed);
  return trees;
}

std::vector<Json> all_trees() {
  std::ifstream in(PORTCULLIS_SQL_STATEMENTS);
  std::vector<Json> trees;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with(' ') || line.starts_with('#')) continue;
    for (Json& tree : trees_of(line)) trees.push_back(std::move(tree));
  }
  return trees;
}

// What the walk says of a tree: refused, or whether an effect names "trap".
enum class Answer { refused, reported, missed };

Answer walk(const Json& tree) {
  const std::string json = R"({"stmt":)" + tree.dump() + '}';
  simdjson::dom::parser parser;
  simdjson::dom::object fields;
  if (parser.parse(json).get(fields) != simdjson::SUCCESS) return Answer::missed;
  const Node raw("RawStmt", fields);
  if (!check_tree(raw)) return Answer::refused;
  StatementFacts facts;
  if (!Walker(facts, "").run(*raw.child("stmt"))) return Answer::refused;
  for (const Effect& effect : facts.effects) {
    if (effect.object.name == "trap" || effect.object.schema == "trap") return Answer::reported;
  }
  return Answer::missed;
}

const Json kCall = {{"FuncCall",
                     {{"funcname", {{{"String", {{"sval", "trap"}}}}}},
                      {"funcformat", "COERCE_EXPLICIT_CALL"},
                      {"location", 1}}}};
const Json kRelation = {
    {"RangeVar", {{"relname", "trap"}, {"inh", true}, {"relpersistence", "p"}, {"location", 1}}}};

class Positions {
 public:
  explicit Positions(const Json& trap) : trap_(trap) {}
  // The trap at every place of the tree, one at a time.
  void try_all(Json& tree) {
    root_ = &tree;
    for (auto& [type, fields] : tree.items()) visit(type, fields, "");
  }
  using Counts = std::map<std::string, std::map<Answer, std::size_t>>;
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  void visit(const std::string& type, Json& node, const std::string& parent) {
    // SET (a, b) = ...: the tree has the same source once for each column, and it is walked once.
    if (type == "MultiAssignRef" && node.value("colno", 0) != 1) return;
    for (const Field& field : fields_of(type)) {
      const std::string name(field.name), here = type + '.' + name;
      parent_ = parent;
      if (field.kind == FieldKind::node || field.kind == FieldKind::list) place(type, field, node);
      if (field.kind == FieldKind::message && !node.contains(name)) place_below(type, field, node);
      if (!node.contains(name)) continue;
      if (field.kind == FieldKind::message) visit(std::string(field.of), node[name], here);
      if (field.kind == FieldKind::node) visit_wrapped(node[name], here);
      if (field.kind == FieldKind::list) {
        for (std::size_t i = 0; i < node[name].size(); ++i) visit_wrapped(node[name][i], here);
      }
    }
  }
  void visit_wrapped(Json& wrapped, const std::string& parent) {
    for (auto& [type, fields] : wrapped.items()) visit(type, fields, parent);
  }
  void place(const std::string& type, const Field& field, Json& node) {
    const std::string name(field.name);
    const Json before = node;
    if (field.kind == FieldKind::list) {
      node[name].push_back(trap_);
    } else {
      node[name] = trap_;
    }
    note(type + '.' + name);
    node = before;
  }
  // A message that the tree has not: made of nothing but the trap.
  void place_below(const std::string& type, const Field& field, Json& node) {
    if (field.of == "SelectStmt") return;  // are there as statements of their own
    const std::string name(field.name);
    const Json before = node;
    for (const Field& inner : fields_of(field.of)) {
      if (inner.kind != FieldKind::node && inner.kind != FieldKind::list) continue;
      node[name] = Json::object();
      node[name][std::string(inner.name)] = inner.kind == FieldKind::list ? Json::array({trap_}) : trap_;
      note(type + '.' + name + '.' + std::string(inner.name));
      node = before;
    }
    if (field.of == "RangeVar") {
      node[name] = kRelation["RangeVar"];
      note(type + '.' + name);
      node = before;
    }
  }
  void note(const std::string& position) {
    auto& count = counts_[parent_ + " > " + position];
    std::size_t tried = 0;
    for (const auto& [answer, times] : count) tried += times;
    if (tried < kTries) ++count[walk(*root_)];
  }

  static constexpr std::size_t kTries = 20;
  const Json& trap_;
  std::string parent_;
  Json* root_ = nullptr;
  Counts counts_;
};

// Where the grammar puts nothing that is evaluated and nothing that is touched beside what the walk reports
// of the same node.
const std::map<std::string_view, std::string_view>& exempt() {
  constexpr std::string_view kNames = "strings: names of columns, objects, constraints",
                             kRoles = "names of roles", kOptions = "options: words, numbers and strings",
                             kSignature = "types that tell one function from another; none is called",
                             kRelations = "nothing but names of relations, which are reported",
                             kLists = "lists that are walked pair by pair; there are no other ones";
  static const std::map<std::string_view, std::string_view> list{
      {"A_Expr.name", kNames},
      {"AccessPriv.cols", kNames},
      {"Alias.colnames", kNames},
      {"AlterDefaultPrivilegesStmt.options", kOptions},
      {"AlterObjectDependsStmt.object", kNames},
      {"AlterObjectSchemaStmt.object", kNames},
      {"AlterTableMoveAllStmt.roles", kRoles},
      {"CallStmt.outargs", "made by analysis only"},
      {"ClusterStmt.params", kOptions},
      {"ColumnRef.fields", kNames},
      {"Constraint.exclusions", kLists},
      {"ConstraintsSetStmt.constraints", kNames},
      {"CreateOpClassItem.order_family", kNames},
      {"CreateStmt.inhRelations", kRelations},
      {"DefElem.arg", kOptions},  // of statements whose options are that; the others are walked
      {"DoStmt.args", kOptions},
      {"DropOwnedStmt.roles", kRoles},
      {"DropRoleStmt.roles", kRoles},
      {"ExplainStmt.options", kOptions},
      {"FunctionParameter.defexpr", kSignature},
      {"GrantRoleStmt.granted_roles", kRoles},
      {"GrantRoleStmt.grantee_roles", kRoles},
      {"GrantStmt.grantees", kRoles},
      {"GrantStmt.objects", kNames},
      {"GrantStmt.privileges", kNames},
      {"ImportForeignSchemaStmt.options", kOptions},
      {"ImportForeignSchemaStmt.table_list", kRelations},
      {"JoinExpr.usingClause", kNames},
      {"List.items", kNames},  // of names and options; all others are walked
      {"LockStmt.relations", kRelations},
      {"LockingClause.lockedRels", kNames},
      {"ObjectWithArgs.objargs", kSignature},
      {"ObjectWithArgs.objfuncargs", kSignature},
      {"RangeVar.alias.colnames", kNames},
      {"ReassignOwnedStmt.roles", kRoles},
      {"ReindexStmt.params", kOptions},
      {"RenameStmt.object", kNames},
      {"SelectStmt.lockingClause", "nothing but locking clauses"},
      {"TransactionStmt.options", kOptions},
      {"TruncateStmt.relations", kRelations},
      {"TypeName.arrayBounds", "numbers"},
      {"TypeName.names", kSignature},
      {"TypeName.typmods", "constants, says parse_type.c; expressions are an error"},
      {"VacuumRelation.va_cols", kNames},
      {"VacuumStmt.options", kOptions},
  };
  return list;
}

// Of two traps each, so that a place for relations is told from one for expressions.
std::vector<Positions> all_positions() {
  std::vector<Positions> all{Positions(kCall), Positions(kRelation)};
  for (Json& tree : all_trees()) {
    for (Positions& positions : all) positions.try_all(tree);
  }
  return all;
}

std::string innermost(const std::string& place) {
  return place.substr(place.find("> ") + 2);
}

TEST(WalkPositions, WhateverStandsInATreeIsReportedOrRefused) {
  std::set<std::string> missed;
  std::size_t tried = 0, places = 0;
  for (const Positions& positions : all_positions()) {
    for (const auto& [place, count] : positions.counts()) {
      ++places;
      for (const auto& [answer, times] : count) tried += times;
      if (!count.contains(Answer::missed)) continue;
      EXPECT_TRUE(exempt().contains(innermost(place))) << place;
      missed.insert(innermost(place));
    }
  }
  EXPECT_GT(places, 1'000u);
  EXPECT_GT(tried, 10'000u);
  for (const auto& [place, reason] : exempt()) {
    EXPECT_TRUE(missed.contains(std::string(place))) << place << " is walked: it needs no exemption";
  }
}

// The trees above hold all of these fields, so that the test says something of each.
TEST(WalkPositions, EveryFieldThatHoldsNodesIsTried) {
  std::set<std::string> tried;
  const auto all = all_positions();
  for (const auto& [place, count] : all.front().counts()) tried.insert(innermost(place));
  for (const Field& field : all_fields()) {
    if (field.kind != FieldKind::node && field.kind != FieldKind::list) continue;
    // The root; and what only PostgreSQL's own analysis makes, of the list of expressions.
    if (field.node == "RawStmt" || field.node == "PartitionRangeDatum") continue;
    EXPECT_TRUE(tried.contains(std::string(field.node) + '.' + std::string(field.name)))
        << field.node << '.' << field.name;
  }
}

}  // namespace
}  // namespace portcullis::sql
