// Any bytes as a statement whose rows are asked for: the query cut out of it is one SELECT, reads and calls
// nothing that the statement does not, writes nothing but what its WITH does, and means the same in the
// brackets that it is counted in.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "shadow/row_count.hpp"
#include "sql/complexity_guard.hpp"
#include "sql/parse_tree.hpp"
#include "sql/row_query.hpp"

namespace sql = portcullis::sql;
using sql::Action;

namespace {

// Small enough for the stack of libFuzzer's own thread; the brackets of a count come on top.
constexpr sql::AnalysisLimits kLimits{.bytes = 1u << 16, .tokens = 5'000, .tree_depth = 1'000};
constexpr sql::AnalysisLimits kWider{
    .bytes = 1u << 17, .tokens = 6'000, .bracket_nesting = 600, .tree_depth = 1'200};

void require(bool holds) {
  if (!holds) std::abort();
}

// The SELECT that a text is, all of it; `depth` subqueries of FROM further in.
std::optional<std::string> meaning_of(std::string_view text, int depth) {
  const auto guarded = sql::guard_complexity(text, kWider);
  if (!guarded) return std::nullopt;
  const auto parsed = sql::parse(text, *guarded, kWider);
  if (!parsed || parsed->size() != 1) return std::nullopt;
  auto node = parsed->front().root;
  for (; depth > 0; --depth) {
    const auto from = node.list("fromClause");
    require(from.size() == 1 && from.front().is("RangeSubselect"));
    node = *from.front().child("subquery");
  }
  require(node.is("SelectStmt") && !node.child("into"));
  return node.meaning();
}

bool has_word(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return (a | 0x20) == b; };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

// Of what it calls and looks up the server decides what that does; the text writes nothing by it.
bool is_reading(Action action) {
  switch (action) {
    case Action::select:
    case Action::execute_function:
    case Action::use_type:
    case Action::use_operator:
    case Action::use_collation: return true;
    default: return false;
  }
}

template <class All, class Is>
bool has(const All& all, Is is) {
  return std::any_of(all.begin(), all.end(), is);
}

void check_effect(const sql::Effect& effect, const sql::StatementFacts& statement, std::string_view text) {
  require(is_reading(effect.action) || has_word(text, "with") ||
          (effect.action == Action::select_for_update && has_word(text, "for")));
  const bool reads_target = effect.action == Action::select;
  require(has(statement.effects, [&](const sql::Effect& other) {
    const bool is_target =
        reads_target && (other.action == Action::update || other.action == Action::delete_);
    return (other.action == effect.action || is_target) && other.kind == effect.kind &&
           other.object == effect.object && other.only == effect.only;
  }));
}

// What the analysis finds in the query it has found in the statement.
void check_facts(const sql::StatementFacts& query, const sql::StatementFacts& statement,
                 std::string_view text) {
  require(query.kind == "SELECT" && query.transaction == sql::TransactionControl::none);
  require(query.outside_transactions == sql::OutsideTransactions::never);
  require(!query.copy_from_stdin && !query.copy_to_stdout && query.prepares.empty());
  require(query.declares_cursor.empty() && query.executes.empty() && query.fetches.empty());
  for (const auto& effect : query.effects) check_effect(effect, statement, text);
  for (const auto& range : query.ranges) {
    require(has(statement.ranges, [&](const sql::Range& other) {
      return other.relation == range.relation && other.alias == range.alias &&
             other.renames_columns == range.renames_columns;
    }));
  }
  for (const auto& use : query.column_uses) {
    require(has(statement.column_uses, [&](const sql::ColumnUse& other) {
      return other.of == use.of && other.column == use.column && other.of_expression == use.of_expression;
    }));
  }
  for (const auto& name : query.derived)
    require(name == "portcullis_rows" ||
            has(statement.derived, [&](const auto& one) { return one == name; }));
  for (const auto& name : query.operators)
    require(has(statement.operators, [&](const auto& one) { return one == name; }));
}

void check_query(const std::string& query, std::string_view text) {
  const auto meaning = meaning_of(query, 0);
  require(meaning.has_value());
  require(meaning_of(portcullis::shadow::counting({.most = 10, .sql = query}), 2) == meaning);

  // As what fills a table it is its own rows, or too much.
  const auto again = sql::row_query_of("CREATE TABLE n AS " + query, kWider).sql;
  require(again.empty() || meaning_of(again, 1) == meaning);

  const auto statement = sql::analyze(text, kLimits);
  if (!statement) return;
  const auto facts = sql::analyze(query, kWider);
  require(facts && facts->statements.size() == 1 && statement->statements.size() == 1);
  check_facts(facts->statements.front(), statement->statements.front(), text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto query = sql::row_query_of(text, kLimits);
  require(query.sql.empty() != query.why_not.empty());
  const auto guarded = sql::guard_complexity(text, kLimits);
  require(guarded || query.sql.empty());
  if (guarded) require(sql::row_query_of(guarded->text, kLimits).sql == query.sql);
  if (!query.sql.empty()) check_query(query.sql, text);
  return 0;
}
