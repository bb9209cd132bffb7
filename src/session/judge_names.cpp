// Judge, what names of the session stand for: prepared statements, portals and cursors.
#include <algorithm>
#include <iterator>
#include <set>

#include "session/judge.hpp"

namespace portcullis::session {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

namespace {

Error unknown_cursor(std::string_view name) {
  return {sqlstate::invalid_cursor_name, "cursor \"" + std::string(name) + "\" does not exist"};
}

Error too_many_meanings(const std::string& prepared, const std::string& cursor) {
  const bool is_cursor = prepared.empty();
  return {sqlstate::statement_too_complex, "too many statements may stand behind the name \"" +
                                               (is_cursor ? cursor : prepared) +
                                               "\": " + (is_cursor ? "CLOSE" : "DEALLOCATE") + " it first"};
}

bool fetches(const sql::Facts& meant) {
  return std::any_of(meant.statements.begin(), meant.statements.end(), [](const auto& statement) {
    return std::any_of(statement.effects.begin(), statement.effects.end(), [](const auto& effect) {
      return effect.action == sql::Action::fetch || effect.action == sql::Action::move;
    });
  });
}

}  // namespace

// What PostgreSQL itself says of a name it does not know: a function may have made it behind the gate's back,
// so it must not run, and the agent need not know the difference.
Error Judge::unknown_statement(std::string_view name) {
  if (name.empty())
    return {sqlstate::invalid_sql_statement_name, "unnamed prepared statement does not exist"};
  return {sqlstate::invalid_sql_statement_name,
          "prepared statement \"" + std::string(name) + "\" does not exist"};
}

// What a cursor's query does it does when rows are fetched, again and again.
bool Judge::fetches_what_moves(const sql::Facts& meant) const {
  return registry_.cursors_may_move && fetches(meant);
}

bool Judge::fetches_what_changes(const sql::Facts& meant) const {
  return registry_.cursors_may_change && fetches(meant);
}

void Judge::note_cursors(const sql::Facts& meant, const Consequences& consequences, bool runs_code) {
  for (const auto& statement : meant.statements) {
    if (statement.declares_cursor.empty()) continue;
    registry_.cursors_may_move = registry_.cursors_may_move || consequences.moves_lookup;
    registry_.cursors_may_change = registry_.cursors_may_change || runs_code || !statement.reads_only;
  }
}

// What became of a portal that FETCH runs stands with the FETCH.
void Judge::note_fetched(const sql::Facts& meant, std::string_view message) const {
  if (message != "Query" && message != "Execute") return;
  for (const auto& statement : meant.statements) {
    if (statement.fetches.empty()) continue;
    for (const auto& portal : registry_.portals.find(statement.fetches, registry_.pipeline))
      portal->outcome_known = true;
  }
}

// EXECUTE p does what p does; FETCH c runs what DECLARE c was judged for. In order, for a text may PREPARE
// what it then EXECUTEs. What runs is judged as statements of its own, with its own queries and columns.
Result<sql::Facts> Judge::with_named_statements(const sql::Facts& facts) const {
  sql::Facts meant = facts;
  for (std::size_t i = 0; i < facts.statements.size(); ++i) {
    const auto named = named_by(std::span(facts.statements).first(i + 1));
    if (!named) return named.error();
    auto& reads_only = meant.statements[i].reads_only;
    for (const auto& statement : *named) reads_only = reads_only && statement.reads_only;
    meant.statements.insert(meant.statements.end(), named->begin(), named->end());
  }
  return meant;
}

// All that the last one runs by name, to the end: Parse, which PREPARE is not, makes a name out of EXECUTE
// too, even of its own one. Each name once.
Result<Judge::Bodies> Judge::named_by(std::span<const sql::StatementFacts> text) const {
  Bodies named;
  std::set<std::string, std::less<>> executed;
  std::set<std::string, std::less<>> fetched;
  const auto earlier = text.first(text.size() - 1);
  for (std::size_t next = 0; next <= named.size(); ++next) {
    const auto& statement = next == 0 ? text.back() : named[next - 1];
    const std::string executes = statement.executes;
    const std::string fetches = statement.fetches;
    Bodies bodies;
    if (!executes.empty() && executed.insert(executes).second) {
      if (!add_prepared(executes, earlier, bodies)) return unknown_statement(executes);
    }
    if (!fetches.empty() && fetched.insert(fetches).second) {
      if (!add_fetched(fetches, earlier, bodies)) return unknown_cursor(fetches);
    }
    if (named.size() + bodies.size() > kMaxMeanings) return too_many_meanings(executes, fetches);
    named.insert(named.end(), std::make_move_iterator(bodies.begin()), std::make_move_iterator(bodies.end()));
  }
  return named;
}

bool Judge::add_prepared(std::string_view name, std::span<const sql::StatementFacts> earlier,
                         Bodies& bodies) const {
  for (const auto& prepared : registry_.prepared.find(name, registry_.pipeline)) {
    const auto& statements = prepared->facts->statements;
    for (const auto& statement : statements) {
      auto& body = bodies.emplace_back(statement);
      // Of a text the name runs the one statement that made it, which declares nothing.
      if (statements.size() > 1) body.declares_cursor.clear();
    }
  }
  // The text may have made it anew.
  std::copy_if(earlier.begin(), earlier.end(), std::back_inserter(bodies),
               [&](const auto& statement) { return statement.prepares == name; });
  return !bodies.empty();
}

// FETCH runs a portal that Bind made as Execute would.
bool Judge::add_fetched(std::string_view name, std::span<const sql::StatementFacts> earlier,
                        Bodies& bodies) const {
  const auto portals = registry_.portals.find(name, registry_.pipeline);
  for (const auto& portal : portals) {
    const auto runs = united(portal->statements).statements;
    bodies.insert(bodies.end(), runs.begin(), runs.end());
  }
  return !portals.empty() || registry_.cursors.contains(std::string(name)) ||
         std::any_of(earlier.begin(), earlier.end(),
                     [&](const auto& statement) { return statement.declares_cursor == name; });
}

void Judge::learn_names(const StatementPtr& statement) {
  const auto concerns_names = [](const sql::StatementFacts& facts) {
    return !facts.executes.empty() || !facts.prepares.empty() || !facts.declares_cursor.empty();
  };
  if (std::ranges::none_of(statement->facts->statements, concerns_names)) return;
  std::set<StatementPtr> known;
  learn_names(statement, known);
}

// Also those that a statement makes which it runs by name.
void Judge::learn_names(const StatementPtr& statement, std::set<StatementPtr>& known) {
  if (!known.insert(statement).second) return;
  for (const auto& facts : statement->facts->statements) {
    if (!facts.executes.empty()) {
      for (const auto& body : registry_.prepared.find(facts.executes, registry_.pipeline))
        learn_names(body, known);
    }
    // A name that is not learned is one that the gate does not know: EXECUTE and FETCH of it are refused.
    if (!facts.prepares.empty() && !registry_.prepared.full(facts.prepares)) {
      registry_.prepared.add(facts.prepares, statement, kNeverSure);
    }
    if (!facts.declares_cursor.empty() && registry_.cursors.size() < PendingNames<StatementPtr>::kMaxNames) {
      registry_.cursors.try_emplace(facts.declares_cursor, std::make_shared<Meter>());
    }
  }
}

}  // namespace portcullis::session
