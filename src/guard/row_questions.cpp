#include "guard/row_questions.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>

#include "base/holds.hpp"
#include "policy/limits.hpp"
#include "shadow/quote.hpp"
#include "sql/analyze.hpp"
#include "sql/builtin_names.hpp"
#include "sql/row_query.hpp"

namespace portcullis::guard {

using catalog::Resolution;
using catalog::ResolvedEffect;
using catalog::Via;
using shadow::RowQuestion;
using sql::Action;

namespace {

// Of more text nobody asks.
constexpr std::size_t kLongestText = std::size_t{16} << 10;  // as the threads that serve sessions analyse

// Of PostgreSQL's own functions that have no effect, those that would answer the gate's session otherwise
// than the agent's, or an Execute otherwise than its Bind.
constexpr auto kOfSession = std::to_array<std::string_view>({"current_query",
                                                             "current_setting",
                                                             "get_current_ts_config",
                                                             "inet_client_addr",
                                                             "inet_client_port",
                                                             "inet_server_addr",
                                                             "inet_server_port",
                                                             "pg_backend_pid",
                                                             "pg_client_encoding",
                                                             "pg_current_snapshot",
                                                             "pg_current_xact_id_if_assigned",
                                                             "pg_is_other_temp_schema",
                                                             "pg_listening_channels",
                                                             "pg_my_temp_schema",
                                                             "pg_trigger_depth",
                                                             "pg_xact_status",
                                                             "row_security_active",
                                                             "statement_timestamp",
                                                             "txid_current_if_assigned",
                                                             "txid_current_snapshot",
                                                             "txid_status"});

using Why = std::optional<std::string>;

Resolution resolved(sql::StatementFacts statement, const RowSubject& subject) {
  sql::Facts facts;
  facts.statements.push_back(std::move(statement));
  return catalog::resolve(facts, *subject.snapshot, subject.names);
}

bool is_write(const ResolvedEffect& resolved) {
  return resolved.effect.kind == sql::ObjectKind::relation && policy::may_change_rows(resolved);
}

bool has_rows_of_its_own(const ResolvedEffect& resolved) {
  return resolved.oid != catalog::kNoOid && !resolved.missing &&
         (resolved.relation_kind == catalog::RelationKind::table ||
          resolved.relation_kind == catalog::RelationKind::partitioned_table);
}

bool is_of_users(const ResolvedEffect& resolved) {
  return resolved.effect.action == Action::execute_function && resolved.oid != catalog::kNoOid;
}

std::string on(const ResolvedEffect& resolved) {
  return sql::to_text(resolved.effect.object);
}

// What stands in the way of knowing its rows by those of its target.
Why cannot_be_counted(const ResolvedEffect& resolved) {
  if (is_of_users(resolved) && resolved.via == Via::trigger)
    return "its " + resolved.through + " may change other rows";
  if (is_of_users(resolved) || (policy::may_change_rows(resolved) && !is_write(resolved)))
    return "it runs " + on(resolved) + ", which may change any rows";
  if (!is_write(resolved)) return std::nullopt;
  const bool is_same = resolved.via == Via::written || resolved.via == Via::inheritance ||
                       (resolved.via == Via::cascade && resolved.effect.action == Action::truncate);
  if (!is_same) return "it changes rows of " + on(resolved) + ", too (" + resolved.through + ")";
  if (!has_rows_of_its_own(resolved)) return on(resolved) + " is no table";
  return std::nullopt;
}

// What the statement itself says that it changes.
std::set<catalog::Oid> targets_of(const Resolution& resolution) {
  std::set<catalog::Oid> targets;
  for (const auto& resolved : resolution.effects) {
    if (is_write(resolved) && resolved.via == Via::written) targets.insert(resolved.oid);
  }
  return targets;
}

bool fills_table(const sql::StatementFacts& facts) {
  constexpr auto kFilling =
      std::to_array<std::string_view>({"CREATE TABLE AS", "SELECT INTO", "CREATE MATERIALIZED VIEW"});
  return base::holds(kFilling, facts.kind);
}

// A row that stands alone becomes many by a function that returns a set.
bool may_become_many(const sql::StatementFacts& facts) {
  return facts.values_rows == 1 &&
         std::any_of(facts.effects.begin(), facts.effects.end(), [](const sql::Effect& effect) {
           return effect.action == Action::execute_function &&
                  sql::is_builtin_set_returning_function(effect.object.name);
         });
}

bool tells_of_session(const sql::Effect& effect) {
  return effect.action == Action::execute_function && base::holds(kOfSession, effect.object.name);
}

// What may be asked: reading tables, by functions of PostgreSQL's own that are no more than computation.
Why cannot_be_asked(const Resolution& question) {
  for (const auto& resolved : question.effects) {
    if (is_of_users(resolved) || policy::may_change_rows(resolved))
      return "it calls " + on(resolved) + ", which is not run for a question";
    if (tells_of_session(resolved.effect))
      return "it calls " + on(resolved) + ", which answers otherwise in another session";
    if (resolved.effect.action != Action::select) continue;
    const bool is_there =
        has_rows_of_its_own(resolved) || (resolved.oid != catalog::kNoOid &&
                                          resolved.relation_kind == catalog::RelationKind::materialized_view);
    if (!is_there) return "it reads " + on(resolved) + ", which is no table";
  }
  return std::nullopt;
}

RowQuestion question_of(const std::string& sql, const Resolution& resolution, std::uint64_t most) {
  RowQuestion question;
  question.most = most;
  question.sql = sql;
  std::set<std::pair<std::string, std::string>> reads;
  for (const auto& resolved : resolution.effects) {
    if (resolved.effect.action == Action::select)
      reads.emplace(resolved.effect.object.schema, resolved.effect.object.name);
  }
  question.reads.assign(reads.begin(), reads.end());
  return question;
}

bool reads(const Resolution& resolution, catalog::Oid oid) {
  return std::any_of(resolution.effects.begin(), resolution.effects.end(), [&](const auto& resolved) {
    return resolved.effect.action == Action::select && resolved.via == Via::written && resolved.oid == oid;
  });
}

// A query that was cut out of the statement, and what it means; else why nobody asks it.
struct Askable {
  std::string sql;
  Resolution meaning{};
  std::string why{};
};

using Cutting = sql::RowQuery (*)(std::string_view statement, const sql::AnalysisLimits& limits);

// `target`: whose rows are asked for, by the same name as in the statement; nothing: those of any query.
Askable askable(const RowSubject& subject, Cutting cut, std::optional<catalog::Oid> target) {
  const auto never = [](std::string why) { return Askable{.sql = {}, .why = std::move(why)}; };
  if (subject.text.size() > kLongestText) return never("its text is too long to be asked about");
  auto query = cut(subject.text, {});
  if (query.sql.empty()) return never(query.why_not);
  auto facts = sql::analyze(query.sql);
  if (!facts || facts->statements.size() != 1)
    return never("its rows cannot be asked for by a query cut out of its text");
  if (!facts->statements.front().reads_only)
    return never("its WHERE or query calls what is volatile, locks rows or uses types of users");
  auto meaning = resolved(std::move(facts->statements.front()), subject);
  if (auto why = cannot_be_asked(meaning)) return never(*std::move(why));
  if (target && !reads(meaning, *target))
    return never("a query by its words reads another table than it changes");
  return {std::move(query.sql), std::move(meaning)};
}

RowQuestion asked(const RowSubject& subject, std::optional<catalog::Oid> target, std::uint64_t most) {
  const auto query = askable(subject, sql::row_query_of, target);
  if (query.sql.empty()) return shadow::rows_unknown(most, query.why);
  return question_of(query.sql, query.meaning, most);
}

// All of what is emptied stands in the effects: those written, their partitions, what CASCADE reaches.
RowQuestion truncated(const Resolution& resolution, std::uint64_t most) {
  RowQuestion question;
  question.most = most;
  std::set<std::pair<std::string, std::string>> tables;
  for (const auto& resolved : resolution.effects) {
    if (resolved.effect.action == Action::truncate)
      tables.emplace(resolved.effect.object.schema, resolved.effect.object.name);
  }
  for (const auto& [schema, name] : tables) {
    question.sql += (question.sql.empty() ? "" : " UNION ALL ");
    question.sql += "SELECT FROM ONLY " + shadow::identifier(schema) + "." + shadow::identifier(name);
  }
  question.reads.assign(tables.begin(), tables.end());
  return question;
}

// What may come between an UPDATE or DELETE and the rows of its table, but for foreign keys and triggers.
Why cannot_be_loaded(const ResolvedEffect& resolved) {
  if (policy::may_change_rows(resolved) && !is_write(resolved) && !is_of_users(resolved))
    return "it changes more than rows of tables";
  if (!is_write(resolved)) return std::nullopt;
  const bool is_plain = resolved.via == Via::written || resolved.via == Via::inheritance ||
                        resolved.via == Via::foreign_key || resolved.via == Via::trigger;
  if (!is_plain) return "it changes rows of " + on(resolved) + " by its " + resolved.through;
  if (!has_rows_of_its_own(resolved)) return on(resolved) + " is no table";
  return std::nullopt;
}

// What it writes itself.
const ResolvedEffect* written_target(const Resolution& resolution) {
  const auto is_target = [](const ResolvedEffect& resolved) {
    return is_write(resolved) && resolved.via == Via::written;
  };
  const auto& effects = resolution.effects;
  const auto found = std::find_if(effects.begin(), effects.end(), is_target);
  return found == effects.end() ? nullptr : &*found;
}

shadow::TargetQuestion asked_for_targets(const RowSubject& subject, const ResolvedEffect& target,
                                         std::uint64_t most) {
  auto query = askable(subject, sql::target_query_of, target.oid);
  if (query.sql.empty()) return shadow::targets_unknown(most, std::move(query.why));
  shadow::TargetQuestion question;
  question.most = most;
  question.sql = std::move(query.sql);
  question.table = {target.effect.object.schema, target.effect.object.name};
  if (target.effect.action == Action::update) question.assigned = target.effect.columns;
  return question;
}

// A parameter of a user's type is read by that type's own code.
bool has_types_of_users(const sql::StatementFacts& facts) {
  return std::any_of(facts.effects.begin(), facts.effects.end(),
                     [](const sql::Effect& effect) { return effect.action == Action::use_type; });
}

}  // namespace

RowQuestion row_question(const RowSubject& subject, std::uint64_t most) {
  if (subject.snapshot == nullptr)
    return shadow::rows_unknown(most, "there is no catalog that says what it would bring about");
  const auto& facts = subject.facts;
  const auto resolution = resolved(facts, subject);
  for (const auto& effect : resolution.effects) {
    if (auto why = cannot_be_counted(effect)) return shadow::rows_unknown(most, *std::move(why));
  }
  const auto targets = targets_of(resolution);
  if (facts.kind == "TRUNCATE TABLE") return truncated(resolution, most);
  if (facts.kind == "REFRESH MATERIALIZED VIEW")
    return shadow::rows_unknown(most, "what REFRESH makes of a materialized view is not counted");
  const bool fills = fills_table(facts);
  if (targets.empty() && !fills) return shadow::rows_known(most, 0);
  if (facts.kind == "INSERT" && targets.size() == 1 && facts.values_rows && !may_become_many(facts))
    return shadow::rows_known(most, *facts.values_rows);
  if (has_types_of_users(facts))
    return shadow::rows_unknown(most, "it uses types of users, whose code is not run for a question");
  const bool is_of_target = facts.kind == "UPDATE" || facts.kind == "DELETE";
  const bool is_one = targets.size() == 1 && (is_of_target || facts.kind == "INSERT");
  if (!is_one && !fills)
    return shadow::rows_unknown(most, "it is no INSERT, UPDATE or DELETE of one table alone");
  return asked(subject, is_of_target ? std::optional(*targets.begin()) : std::nullopt, most);
}

shadow::TargetQuestion target_question(const RowSubject& subject, std::uint64_t most) {
  if (subject.snapshot == nullptr)
    return shadow::targets_unknown(most, "there is no catalog that says what it would bring about");
  const auto& facts = subject.facts;
  if (facts.kind != "UPDATE" && facts.kind != "DELETE")
    return shadow::targets_unknown(most, "it is no UPDATE or DELETE");
  if (has_types_of_users(facts))
    return shadow::targets_unknown(most, "it uses types of users, whose code is not run for a question");
  const auto resolution = resolved(facts, subject);
  for (const auto& effect : resolution.effects) {
    if (auto why = cannot_be_loaded(effect)) return shadow::targets_unknown(most, *std::move(why));
  }
  const auto* target = written_target(resolution);
  if (target == nullptr || targets_of(resolution).size() != 1)
    return shadow::targets_unknown(most, "it is no UPDATE or DELETE of one table alone");
  auto question = asked_for_targets(subject, *target, most);
  question.runs_code = std::any_of(resolution.effects.begin(), resolution.effects.end(), is_of_users);
  return question;
}

}  // namespace portcullis::guard
