// Items of FROM: what they read, and the names that their columns go by.
#include <algorithm>

#include "sql/node_handlers.hpp"

namespace portcullis::sql {
namespace {

// The tree's word for a construct of SQL's own, as the column's name that PostgreSQL makes of it:
// SVFOP_CURRENT_TIME_N is current_time.
std::string name_of_word(std::string_view word) {
  word.remove_prefix(std::min(word.size(), word.find('_') + 1));
  if (word.ends_with("_N")) word.remove_suffix(2);
  std::string name(word);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

std::string last_name(const std::vector<Node>& parts) {
  return parts.empty() ? std::string() : std::string(parts.back().text("sval"));
}

// What a function in FROM goes by without an alias (FigureColname of parse_target.c).
std::string name_of_expression(const Node& expression) {
  if (expression.is("FuncCall")) return last_name(expression.list("funcname"));
  if (expression.is("CoalesceExpr")) return "coalesce";
  if (expression.is("MinMaxExpr")) return expression.text("op") == "IS_LEAST" ? "least" : "greatest";
  if (expression.is("SQLValueFunction") || expression.is("XmlExpr"))
    return name_of_word(expression.text("op"));
  if (expression.is("XmlSerialize")) return "xmlserialize";
  if (expression.is("A_Expr")) return expression.text("kind") == "AEXPR_NULLIF" ? "nullif" : "";
  if (!expression.is("TypeCast")) return {};
  const auto argument = expression.child("arg");
  std::string name = argument ? name_of_expression(*argument) : std::string();
  const auto type = expression.child("typeName");
  return name.empty() && type ? last_name(type->list("names")) : name;
}

std::string name_of_function(const Node& range) {
  const auto functions = range.list("functions");  // of lists: a function, the definitions of its columns
  const auto parts = functions.empty() ? std::vector<Node>{} : functions.front().list("items");
  return parts.empty() ? std::string() : name_of_expression(parts.front());
}

bool renames_columns(const Node& item) {
  const auto alias = item.child("alias");
  return alias && !alias->list("colnames").empty();
}

// A join's alias goes for the columns of all the tables that are joined.
void add_joined_tables(Walker& walker, const Node& item, const std::string& alias, bool renames) {
  if (!walker.spend_step()) return;
  renames = renames || renames_columns(item);
  if (item.is("RangeVar") && !walker.names_cte(item)) {
    walker.add_range({.relation = relation_name(item), .alias = alias, .renames_columns = renames});
  }
  if (!item.is("JoinExpr") && !item.is("RangeTableSample")) return;
  for (const std::string_view part : {"larg", "rarg", "relation"}) {
    if (const auto below = item.child(part)) add_joined_tables(walker, *below, alias, renames);
  }
}

}  // namespace

std::string range_name(const Node& item) {
  if (const auto alias = item.child("alias")) return std::string(alias->text("aliasname"));
  if (item.is("RangeVar")) return std::string(item.text("relname"));
  if (item.is("RangeFunction")) return name_of_function(item);
  if (item.is("RangeTableFunc")) return "xmltable";
  return {};
}

Name name_in_query(const Node& range_var) {
  return range_var.has("alias") ? Name{{}, {}, range_name(range_var)} : relation_name(range_var);
}

void add_range(Walker& walker, const Node& range_var) {
  walker.add_range({.relation = relation_name(range_var),
                    .alias = range_var.has("alias") ? range_name(range_var) : std::string(),
                    .renames_columns = renames_columns(range_var)});
}

void walk_relation(Walker& walker, const Node& node) {
  if (walker.names_cte(node)) return walker.add_derived(range_name(node));
  walker.add_relation(Action::select, node);
  add_range(walker, node);
}

void walk_derived(Walker& walker, const Node& node) {
  walker.add_derived(range_name(node));
  walker.visit_children(node);
}

// Without LATERAL it does not see what stands beside it.
void walk_subquery(Walker& walker, const Node& node) {
  if (node.flag("lateral")) return walk_derived(walker, node);
  const OutsideLevel outside(walker);
  walk_derived(walker, node);
}

void walk_xml_table(Walker& walker, const Node& node) {
  add_own_function(walker, "xmltable", node.location());
  walk_derived(walker, node);
}

// PostgreSQL's own methods are functions of pg_catalog that only the server itself can call.
void walk_table_sample(Walker& walker, const Node& node) {
  const auto method = node.list("method");
  const std::string name = method.size() == 1 ? last_name(method) : std::string();
  if (name == "bernoulli" || name == "system") {
    add_own_function(walker, name, node.location());
  } else {
    add_function(walker, method, node.location());
  }
  walker.visit_children_except(node, {"method"});
}

void walk_join(Walker& walker, const Node& node) {
  const std::string alias = range_name(node);
  if (!alias.empty()) add_joined_tables(walker, node, alias, false);
  walker.add_derived(alias);
  if (const auto merged = node.child("join_using_alias")) walker.add_derived(merged->text("aliasname"));
  const auto merged_columns = node.list("usingClause");
  for (const Node& column : merged_columns) walker.add_use({.column = std::string(column.text("sval"))});
  if (node.flag("isNatural")) walker.add_use({});
  if (node.flag("isNatural") || !merged_columns.empty()) walker.add_operator({{}, {}, "="});
  walker.visit_children_except(node, {"usingClause"});
}

}  // namespace portcullis::sql
