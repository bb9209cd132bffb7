// Judge, what names of the session stand for: prepared statements, portals and cursors.
#include <algorithm>

#include "session/judge.hpp"

namespace portcullis::session {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

namespace {

// What runs under the name is judged as statements of its own, with its own queries and columns.
void add_bodies(sql::StatementFacts& statement, const std::vector<sql::StatementFacts>& bodies,
                std::vector<sql::StatementFacts>& named) {
  for (const auto& body : bodies) statement.reads_only = statement.reads_only && body.reads_only;
  named.insert(named.end(), bodies.begin(), bodies.end());
}

Error unknown_cursor(std::string_view name) {
  return {sqlstate::invalid_cursor_name, "cursor \"" + std::string(name) + "\" does not exist"};
}

}  // namespace

// What PostgreSQL itself says of a name it does not know: a function may have made it behind the gate's back,
// so it must not run, and the agent need not know the difference.
Error Judge::unknown_statement(std::string_view name) {
  return {sqlstate::invalid_sql_statement_name,
          "prepared statement \"" + std::string(name) + "\" does not exist"};
}

// What a cursor's query does it does when rows are fetched, again and again.
bool Judge::fetches_what_moves(const sql::Facts& meant) const {
  if (!registry_.cursors_may_move) return false;
  return std::any_of(meant.statements.begin(), meant.statements.end(), [](const auto& statement) {
    return std::any_of(statement.effects.begin(), statement.effects.end(), [](const auto& effect) {
      return effect.action == sql::Action::fetch || effect.action == sql::Action::move;
    });
  });
}

void Judge::note_cursors(const sql::Facts& meant, const Consequences& consequences) {
  if (!consequences.moves_lookup) return;
  for (const auto& statement : meant.statements) {
    registry_.cursors_may_move = registry_.cursors_may_move || !statement.declares_cursor.empty();
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
// what it then EXECUTEs.
Result<sql::Facts> Judge::with_named_statements(const sql::Facts& facts) const {
  sql::Facts meant = facts;
  std::vector<sql::StatementFacts> named;
  for (std::size_t i = 0; i < meant.statements.size(); ++i) {
    auto& statement = meant.statements[i];
    const auto made_here = [&](auto member, const std::string& name) {
      return std::find_if(meant.statements.begin(), meant.statements.begin() + static_cast<std::ptrdiff_t>(i),
                          [&](const auto& earlier) { return earlier.*member == name; });
    };
    const auto here = meant.statements.begin() + static_cast<std::ptrdiff_t>(i);
    if (!statement.executes.empty()) {
      const auto prepared = registry_.prepared.find(statement.executes, registry_.pipeline);
      const auto earlier = made_here(&sql::StatementFacts::prepares, statement.executes);
      if (prepared.empty() && earlier == here) return unknown_statement(statement.executes);
      std::vector<sql::StatementFacts> bodies = united(prepared).statements;
      if (earlier != here) bodies.push_back(*earlier);
      if (bodies.size() > kMaxMeanings) {
        return Error{sqlstate::statement_too_complex, "too many statements may stand behind the name \"" +
                                                          statement.executes + "\": DEALLOCATE it first"};
      }
      add_bodies(statement, bodies, named);
    }
    if (!statement.fetches.empty()) {
      const auto portals = registry_.portals.find(statement.fetches, registry_.pipeline);
      const bool known = registry_.cursors.contains(statement.fetches) || !portals.empty() ||
                         made_here(&sql::StatementFacts::declares_cursor, statement.fetches) != here;
      if (!known) return unknown_cursor(statement.fetches);
      // FETCH runs a portal that Bind made as Execute would.
      for (const auto& portal : portals) add_bodies(statement, united(portal->statements).statements, named);
    }
  }
  meant.statements.insert(meant.statements.end(), named.begin(), named.end());
  return meant;
}

void Judge::learn_names(const StatementPtr& statement) {
  for (const auto& facts : statement->facts->statements) {
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
