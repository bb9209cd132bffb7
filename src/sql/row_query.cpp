#include "sql/row_query.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <vector>

#include "sql/complexity_guard.hpp"
#include "sql/outline.hpp"
#include "sql/parse_tree.hpp"

namespace portcullis::sql {
namespace {

constexpr std::string_view kOutOfReach = "its rows cannot be asked for by a query cut out of its text";

constexpr std::size_t kNone = Outline::kNone;

// A statement cut into what decides which rows it changes. The same as text and as trees.
struct Parts {
  std::string with;    // WITH ... and all that follows it, as far as the verb
  std::string target;  // whose rows are changed; empty: `source` gives the rows
  std::string others;  // FROM of an UPDATE, USING of a DELETE
  std::string condition;
  std::string source;
};

Parts cut_target(const Outline& text, std::size_t verb, std::size_t target, std::size_t end_of_target,
                 std::size_t others, std::size_t behind) {
  const std::size_t where = text.find("where", behind), returning = text.find("returning", behind);
  Parts parts;
  parts.with = text.between(0, verb);
  if (others > std::min(where, returning)) others = kNone;
  parts.target = text.between(target, std::min({end_of_target, others, where, returning}));
  if (others != kNone) parts.others = text.between(others + 1, std::min(where, returning));
  if (where < returning) parts.condition = text.between(where + 1, returning);
  return parts;
}

Parts cut_update(const Outline& text) {
  const std::size_t verb = text.find("update", 0);
  if (verb == kNone) return {};
  const std::size_t set = text.find("set", verb + 2);
  if (set == kNone) return {};
  std::size_t from = text.find("from", set);
  while (from != kNone && text.is(from - 1, "distinct")) from = text.find("from", from + 1);
  return cut_target(text, verb, verb + 1, set, from, set);
}

Parts cut_delete(const Outline& text) {
  const std::size_t verb = text.find("delete", 0);
  if (verb == kNone) return {};
  return cut_target(text, verb, verb + 2, kNone, text.find("using", verb + 3), verb + 3);
}

bool begins_query(const Outline& text, std::size_t at) {
  return text.is(at, "select") || text.is(at, "values") || text.is(at, "with") || text.is(at, "table");
}

// ON CONFLICT, which is no condition of a join over a column by that name.
bool begins_conflict(const Outline& text, std::size_t on) {
  return text.is(on + 1, "conflict") && (text.is_symbol(on + 2, "(") || text.is(on + 2, "do") ||
                                         (text.is(on + 2, "on") && text.is(on + 3, "constraint")));
}

Parts cut_insert(const Outline& text) {
  Parts parts;
  const std::size_t verb = text.find("insert", 0);
  if (verb == kNone) return {};
  std::size_t begin = verb + 3;
  while (begin < text.size() &&
         !(text.is_outer(begin) &&
           (begins_query(text, begin) || (text.is_symbol(begin, "(") && (begins_query(text, begin + 1) ||
                                                                         text.is_symbol(begin + 1, "("))))))
    ++begin;
  std::size_t conflict = text.find("on", begin);
  while (conflict != kNone && !begins_conflict(text, conflict)) conflict = text.find("on", conflict + 1);
  parts.with = text.between(0, verb);
  parts.source = text.between(begin, std::min(conflict, text.find("returning", begin)));
  return parts;
}

Parts cut_create_as(const Outline& text) {
  Parts parts;
  const std::size_t as = text.find("as", 0);
  if (as == kNone) return {};
  std::size_t end = text.size();
  if (text.is(end - 1, "data") && text.is(end - 2, "with")) end -= 2;
  if (text.is(end - 1, "data") && text.is(end - 2, "no") && text.is(end - 3, "with")) end -= 3;
  parts.source = text.between(as + 1, end);
  return parts;
}

Parts cut_select_into(const Outline& text) {
  constexpr auto kKinds =
      std::to_array<std::string_view>({"temporary", "temp", "local", "global", "unlogged", "table"});
  Parts parts;
  const std::size_t into = text.find("into", 0);
  if (into == kNone) return {};
  std::size_t name = into + 1;
  while (std::any_of(kKinds.begin(), kKinds.end(), [&](auto kind) { return text.is(name, kind); })) ++name;
  while (text.is_symbol(name + 1, ".")) name += 2;
  parts.source = text.between(0, into) + " " + text.between(name + 1, kNone);
  return parts;
}

constexpr std::string_view kSelect = "SELECT ";

std::string query_of(const Parts& parts) {
  // Comments are blank by now, so that what is cut out reaches over nothing behind it.
  std::string sql = parts.with + (parts.with.empty() ? "" : " ") + std::string(kSelect) + "FROM ";
  if (!parts.source.empty()) return sql + "(" + parts.source + ") AS portcullis_rows";
  sql += parts.target;
  const auto where = parts.condition.empty() ? std::string() : " WHERE " + parts.condition;
  return parts.others.empty() ? sql + where
                              : sql + " WHERE EXISTS (SELECT FROM " + parts.others + where + ")";
}

std::string meaning_of(const std::optional<Node>& node) {
  return node ? node->meaning() : std::string();
}

std::string meaning_of(const std::vector<Node>& nodes) {
  std::string all;
  for (const auto& node : nodes) all += node.meaning() + "\n";
  return all;
}

// What the statement's own tree says; nothing for one that changes no rows in a way that is known here.
std::optional<Parts> parts_of_statement(const Node& root) {
  Parts parts;
  parts.with = meaning_of(root.child("withClause"));
  if (root.is("UpdateStmt") || root.is("DeleteStmt")) {
    parts.target = meaning_of(root.child("relation"));
    parts.others = meaning_of(root.list(root.is("UpdateStmt") ? "fromClause" : "usingClause"));
    parts.condition = meaning_of(root.child("whereClause"));
  } else if (root.is("InsertStmt")) {
    parts.source = meaning_of(root.child("selectStmt"));
  } else if (root.is("CreateTableAsStmt")) {
    parts.source = meaning_of(root.child("query"));
  } else if (root.is("SelectStmt")) {
    parts.with.clear();
    parts.source = root.meaning();
  } else {
    return std::nullopt;
  }
  return parts;
}

bool has_only(const Node& select, std::initializer_list<std::string_view> fields) {
  return select.is("SelectStmt") && select.children_except({fields.begin(), fields.size()}).empty();
}

// Of what query_of() writes: of any other shape nothing.
std::optional<Parts> parts_of_query(const Node& root) {
  if (!has_only(root, {"withClause", "fromClause", "whereClause"})) return std::nullopt;
  const auto from = root.list("fromClause");
  if (from.size() != 1) return std::nullopt;
  Parts parts;
  parts.with = meaning_of(root.child("withClause"));
  const auto where = root.child("whereClause");
  if (from.front().is("RangeSubselect")) {
    if (where || from.front().flag("lateral")) return std::nullopt;
    parts.source = meaning_of(from.front().child("subquery"));
    return parts;
  }
  if (!from.front().is("RangeVar")) return std::nullopt;
  parts.target = meaning_of(from.front());
  parts.condition = meaning_of(where);
  return parts;
}

// The condition that holds where a row is joined to any of the others.
std::optional<Parts> joined_parts_of_query(const Node& root) {
  auto parts = parts_of_query(root);
  const auto where = root.child("whereClause");
  if (!parts || !where || !where->is("SubLink") || where->text("subLinkType") != "EXISTS_SUBLINK") return {};
  const auto inner = where->child("subselect");
  if (!inner || !has_only(*inner, {"fromClause", "whereClause"})) return {};
  parts->others = meaning_of(inner->list("fromClause"));
  parts->condition = meaning_of(inner->child("whereClause"));
  return parts;
}

bool operator==(const Parts& a, const Parts& b) {
  return a.with == b.with && a.target == b.target && a.others == b.others && a.condition == b.condition &&
         a.source == b.source;
}

// In a query WITH's names hide those of tables; as a target they do not.
bool hides_target(const Node& root) {
  const auto with = root.child("withClause");
  const auto target = root.child("relation");
  if (!with || !target || !target->text("schemaname").empty()) return false;
  const auto queries = with->list("ctes");
  return std::any_of(queries.begin(), queries.end(),
                     [&](const Node& query) { return query.text("ctename") == target->text("relname"); });
}

RowQuery none(std::string_view why) {
  return {{}, std::string(why)};
}

Parts cut(const Node& root, const Outline& text) {
  if (root.is("UpdateStmt")) return cut_update(text);
  if (root.is("DeleteStmt")) return cut_delete(text);
  if (root.is("InsertStmt")) return cut_insert(text);
  return root.is("CreateTableAsStmt") ? cut_create_as(text) : cut_select_into(text);
}

std::size_t tables_in(const Node& node) {
  std::size_t tables = node.is("RangeVar") ? 1 : 0;
  for (const auto& child : node.children()) tables += tables_in(child);
  return tables;
}

bool has_subquery(const Node& node) {
  if (node.is("SubLink") || node.is("WithClause") || node.is("RangeSubselect")) return true;
  const auto children = node.children();
  return std::any_of(children.begin(), children.end(), has_subquery);
}

bool is_left_empty(const Node& root) {
  const auto into = root.child("into");
  return into && into->flag("skipData");
}

// Trees are the same with it and without; what is asked must not have it, wherever the grammar takes it.
bool makes_table(const Node& node) {
  const auto below = node.children();
  return node.is("IntoClause") || std::any_of(below.begin(), below.end(), makes_table);
}

enum class Wanted : bool { rows, target };

// The tree of a text lives until the next one is parsed.
RowQuery row_query(std::string_view statement, const AnalysisLimits& limits, Wanted wanted) {
  const auto guarded = guard_complexity(statement, limits);
  if (!guarded) return none(guarded.error().message);
  const auto parsed = parse(statement, *guarded, limits);
  if (!parsed) return none(parsed.error().message);
  if (parsed->size() != 1) return none("it is not one statement");
  const Node& root = parsed->front().root;
  if (wanted == Wanted::target) {
    if (!root.is("UpdateStmt") && !root.is("DeleteStmt")) return none("it is no UPDATE or DELETE");
    if (tables_in(root) != 1 || has_subquery(root))
      return none("it reads more than the table that it changes");
  }
  if (is_left_empty(root)) return {"SELECT WHERE false", {}};
  if (hides_target(root))
    return none("WITH has a query by the name of the table that it changes: name it otherwise");
  const auto meant = parts_of_statement(root);
  if (!meant) return none(kOutOfReach);
  auto sql = query_of(cut(root, Outline(guarded->text)));

  const auto guarded_query = guard_complexity(sql, limits);
  if (!guarded_query) return none(guarded_query.error().message);
  const auto query = parse(sql, *guarded_query, limits);
  if (!query || query->size() != 1 || !guarded_query->comments.empty()) return none(kOutOfReach);
  const Node& written = query->front().root;
  const auto same = meant->others.empty() ? parts_of_query(written) : joined_parts_of_query(written);
  if (!same || !(*same == *meant) || makes_table(written)) return none(kOutOfReach);
  if (wanted == Wanted::target) sql.insert(kSelect.size(), "tableoid, ctid ");
  return {std::move(sql), {}};
}

RowQuery row_query_or_none(std::string_view statement, const AnalysisLimits& limits, Wanted wanted) {
  try {
    return row_query(statement, limits, wanted);
  } catch (const std::exception&) {  // memory has run out: nothing else throws here
    return none("memory has run out while its rows were looked for");
  }
}

}  // namespace

RowQuery row_query_of(std::string_view statement, const AnalysisLimits& limits) {
  return row_query_or_none(statement, limits, Wanted::rows);
}

RowQuery target_query_of(std::string_view statement, const AnalysisLimits& limits) {
  return row_query_or_none(statement, limits, Wanted::target);
}

}  // namespace portcullis::sql
