#include "sql/analyze.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "sql/builtin_names.hpp"
#include "sql/command_tag.hpp"
#include "sql/free_digits.hpp"
#include "sql/outside_transactions.hpp"
#include "sql/parse_tree.hpp"
#include "sql/walker.hpp"

namespace portcullis::sql {
namespace {

constexpr auto kReadingActions = std::to_array<Action>({
    Action::select,
    Action::copy_to_stdout,
    Action::show,
    Action::explain,
    Action::explain_analyze,
    Action::declare_cursor,
    Action::fetch,
    Action::move,
    Action::close,
    Action::prepare,
    Action::deallocate,
    Action::set,
    Action::reset,
    Action::set_transaction,
    Action::set_constraints,
    Action::set_role,
    Action::set_session_authorization,
    Action::discard,
    Action::begin,
    Action::commit,
    Action::rollback,
    Action::savepoint,
    Action::release,
    Action::rollback_to,
    Action::listen,
    Action::unlisten,
});

// A function of anyone's may write. Of PostgreSQL's own those that could are volatile.
bool is_harmless_call(const Effect& effect) {
  const Name& function = effect.object;
  // TABLESAMPLE's methods: no statement can call them.
  if (function == Name{{}, "pg_catalog", "bernoulli"} || function == Name{{}, "pg_catalog", "system"}) {
    return effect.action == Action::execute_function;
  }
  return effect.action == Action::execute_function &&
         (function.schema.empty() || function.schema == "pg_catalog") && function.database.empty() &&
         (is_builtin_function(function.name) || is_builtin_construct(function.name)) &&
         !is_builtin_volatile_function(function.name);
}

bool cannot_change_data(const Effect& effect) {
  return is_harmless_call(effect) ||
         std::find(kReadingActions.begin(), kReadingActions.end(), effect.action) != kReadingActions.end();
}

base::Result<StatementFacts> facts_of(const ParsedStatement& statement, std::string_view text) {
  StatementFacts facts;
  facts.kind = command_tag(statement.root);
  facts.outside_transactions = outside_transactions(statement.root);
  facts.offset = static_cast<std::uint32_t>(statement.offset);
  facts.length = static_cast<std::uint32_t>(statement.length);
  if (facts.kind.empty()) return not_understood("a statement \"" + std::string(statement.root.type()) + '"');
  if (auto walked = Walker(facts, text).run(statement.root); !walked) return walked.error();
  facts.free_digits = free_digits(statement.root, text);
  facts.reads_only = std::all_of(facts.effects.begin(), facts.effects.end(), cannot_change_data);
  return facts;
}

base::Result<Facts> analyze_or_throw(std::string_view text, const AnalysisLimits& limits) {
  const auto guarded = guard_complexity(text, limits);
  if (!guarded) return guarded.error();
  const auto statements = parse(text, *guarded, limits);
  if (!statements) return statements.error();
  if (statements->size() > limits.statements) {
    return base::Error{.code = base::sqlstate::program_limit_exceeded,
                       .message = "the text has too many statements (the limit is " +
                                  std::to_string(limits.statements) + "); send fewer statements at a time"};
  }
  Facts facts;
  if (!guarded->comments.empty()) {
    const auto [begin, end] = guarded->comments.back();
    facts.claims = claims_in_comment(text.substr(begin, end - begin));
  }
  for (const ParsedStatement& statement : *statements) {
    auto one = facts_of(statement, guarded->text);
    if (!one) return one.error();
    facts.statements.push_back(*std::move(one));
  }
  return facts;
}

}  // namespace

base::Result<Facts> analyze(std::string_view text, const AnalysisLimits& limits) {
  try {
    return analyze_or_throw(text, limits);
  } catch (const std::exception&) {  // memory has run out: nothing else throws here
    return base::Error{.code = base::SqlState("53200"),
                       .message = "out of memory while analysing the statement; send a smaller one"};
  }
}

Facts not_understood_facts(const base::Error& error) {
  Facts facts;
  facts.statements.emplace_back().not_understood = error;
  return facts;
}

}  // namespace portcullis::sql
