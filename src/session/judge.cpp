#include "session/judge.hpp"

#include <algorithm>

#include "session/cache_tally.hpp"
#include "session/outlives_reset.hpp"
#include "session/parameters.hpp"
#include "session/planned.hpp"
#include "session/row_duties.hpp"
#include "sql/builtin_names.hpp"

namespace portcullis::session {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

namespace {

bool names_nothing(const sql::Facts& facts) {
  return std::all_of(facts.statements.begin(), facts.statements.end(), [](const auto& statement) {
    return statement.executes.empty() && statement.fetches.empty();
  });
}

bool makes_no_name(const sql::Facts& facts) {
  return std::all_of(facts.statements.begin(), facts.statements.end(), [](const auto& statement) {
    return statement.prepares.empty() && statement.declares_cursor.empty();
  });
}

bool names_something_unknown(const guard::Verdict& verdict) {
  const auto* decisive = verdict.decision.decisive();
  return verdict.outcome != policy::Outcome::allow && decisive != nullptr &&
         decisive->ground == policy::Ground::missing;
}

// Of a statement with its parameters.
std::uint64_t key_of(std::uint64_t statement, const wire::Bind* bind) {
  if (bind == nullptr) return statement;
  for (const auto& parameter : bind->parameters) {
    statement = statement * 1'099'511'628'211u + std::hash<std::optional<std::string_view>>{}(parameter);
  }
  return statement;
}

Error no_catalog() {
  return {sqlstate::cannot_connect_now,
          "the gate has no current catalog of the database to judge by: try again in a moment, and see the "
          "gate's log if it stays so"};
}

}  // namespace

Judge::~Judge() {
  add_cache_counts({.verdicts = verdicts_.asked(), .verdicts_found = verdicts_.found()});
}

Judgement Judge::text(std::string_view message, std::string_view text, Analysis analysis,
                      std::span<const std::uint32_t> parameter_types) {
  Recorder::Subject subject;
  subject.message = message;
  subject.text = text;
  subject.key = std::hash<std::string_view>{}(text);

  if (!analysis) analysis = needs_.facts->analyze(text);
  FactsPtr facts;
  if (*analysis) {
    facts = with_parameter_types({analysis, &**analysis}, parameter_types);
  } else {
    const auto verdict = held_back(analysis->error());
    if (!verdict.allowed()) return recorded(verdict, subject);
    facts = std::make_shared<const sql::Facts>(sql::not_understood_facts(analysis->error()));
  }
  subject.facts = facts.get();

  // What PREPARE makes is run by EXECUTE, whose arguments are not followed.
  const bool may_wait = message == "Parse" && names_nothing(*facts) && makes_no_name(*facts);
  auto closed = may_wait ? without_open_calls(*facts, parameter_types) : std::nullopt;
  const bool waits = closed.has_value();
  Judgement judgement =
      decide(waits ? std::make_shared<const sql::Facts>(*std::move(closed)) : facts, subject);
  if (judgement.allowed) {
    const auto source = message == "Parse" && (judgement.cost || judgement.is_tried || waits ||
                                               judgement.consequences.changes_catalog)
                            ? std::make_shared<const Source>(
                                  Source{std::string(text), {parameter_types.begin(), parameter_types.end()}})
                            : nullptr;
    judgement.statement = std::make_shared<const Statement>(
        Statement{facts, *judgement.record, *subject.key, waits, message == "Parse", source});
    learn_names(judgement.statement);
  }
  return judgement;
}

bool Judge::only_observes() const {
  return view_.basis && view_.basis->guard->policy().forwards_not_understood(identity_.agent);
}

guard::Verdict Judge::held_back(const Error& error) const {
  return view_.basis ? view_.basis->guard->not_understood(error, identity_.agent)
                     : guard::Guard::refuse(error);
}

// Where it is only observed, it may do whatever a text does that was not understood.
Judgement Judge::held_back(const Error& error, const sql::Facts& meant, const Recorder::Subject& subject) {
  Judgement judgement = recorded(held_back(error), subject);
  if (!judgement.allowed) return judgement;
  judgement.key = subject.key;
  judgement.consequences = consequences_of(meant, true);
  note_cursors(meant, judgement.consequences, true);
  note_fetched(meant, subject.message);
  return judgement;
}

// A parameter of a user's type is read by that type's own functions, as if the text had a cast there.
Judge::FactsPtr Judge::with_parameter_types(FactsPtr facts, std::span<const std::uint32_t> types) const {
  if (!view_.basis || !view_.basis->snapshot || facts->statements.empty()) return facts;
  const auto effects = catalog::type_effects(types, *view_.basis->snapshot);
  if (effects.empty()) return facts;
  auto typed = std::make_shared<sql::Facts>(*facts);
  auto& statement = typed->statements.front();
  statement.effects.insert(statement.effects.end(), effects.begin(), effects.end());
  return typed;
}

void Judge::use(View view) {
  verdicts_.judge_by(view.basis);
  if (view.names != view_.names || view.claims != view_.claims) verdicts_.clear();
  view_ = std::move(view);
}

Judgement Judge::decide(const FactsPtr& written, const Recorder::Subject& subject) {
  if (names_nothing(*written)) return decide_whole(written, subject);
  auto meant = with_named_statements(*written);
  if (!meant) return unknown(meant.error(), subject);
  return decide_whole(std::make_shared<const sql::Facts>(std::move(*meant)), subject);
}

Judgement Judge::decide_whole(const FactsPtr& meant, Recorder::Subject subject) {
  if (!view_.basis) return recorded(guard::Guard::refuse(no_catalog()), subject);
  if (view_.blind && uses_names(*meant)) return held_back(*view_.blind, *meant, subject);
  if (const auto hanging = hangs(*meant, subject, false)) return held_back(*hanging, *meant, subject);
  const auto verdict = verdicts_.decide(
      *view_.basis->guard, meant,
      {identity_.agent, view_.names.get(), view_.basis->snapshot.get(), subject.text, view_.claims.get()});
  if (!view_.newest && view_.basis->snapshot && names_something_unknown(*verdict)) {
    Judgement later;
    later.wants_newer_catalog = true;
    return later;
  }
  const bool runs_code = verdict->runs_code || fetches_what_moves(*meant);
  if (verdict->allowed() && runs_code) {
    if (const auto hanging = hangs(*meant, subject, true)) return held_back(*hanging, *meant, subject);
  }
  const bool changes = may_change(*meant, runs_code || reaches_volatile(*verdict));
  const bool is_undone = changes && !runs_code && is_undone_with_block(*verdict, *meant, subject);
  const bool reaches_out = !changes && reaches_beyond(*verdict);
  subject.may_lag = is_undone || needs_no_sync(*meant, changes || reaches_out);
  std::optional<Error> hindrance;
  if (verdict->allowed()) hindrance = hinders(*verdict, *meant, subject, changes);
  const bool is_tried = verdict->allowed() && !hindrance && must_be_tried_out(*verdict);
  if (is_tried) hindrance = hinders_dry_run(*verdict, *meant, subject);
  if (is_tried && !hindrance) {
    Judgement later;
    if (wants_dry_run(*verdict, *meant, subject, later)) {
      // A dry run is work: it counts as the statement does, which is not charged again behind it.
      const auto over = later.wants_dry_run ? over_limit(verdict->demand, subject) : std::nullopt;
      return over ? refused_over_limit(*verdict, *over, subject) : later;
    }
    if (view_.tried && view_.tried->result) subject.dry_run = view_.tried->result->get();
    hindrance = refused_by_dry_run(*verdict, *meant, subject);
  }
  const bool is_charged = hindrance || (is_tried && subject.dry_run != nullptr);
  const auto over = verdict->allowed() && !is_charged ? over_limit(verdict->demand, subject) : std::nullopt;
  Judgement judgement = hindrance ? recorded(view_.basis->guard->over_limit(*verdict, *hindrance), subject)
                        : over    ? refused_over_limit(*verdict, *over, subject)
                                  : recorded(*verdict, subject);
  note_lag(judgement, subject, is_undone);
  judgement.key = subject.key;
  judgement.is_tried = is_tried;
  judgement.rows_duty = rows_duty_of(*verdict, *meant);
  if (is_tried) judgement.lock_duty = lock_duty_of(*verdict, *meant, subject);
  judgement.consequences = consequences_of(*meant, runs_code);
  judgement.consequences.changes |= changes;
  judgement.consequences.reaches_out = reaches_out;
  judgement.consequences.runs_triggers |= verdict->runs_triggers;
  judgement.consequences.binds_session |= verdict->runs_triggers;
  if (needs_.reuses_server && !runs_code && !verdict->runs_triggers) {
    judgement.outlives_reset = outlives_reset(*meant, verdict->resolution.get(), view_.basis->snapshot.get());
  }
  if (judgement.allowed) {
    note_cursors(*meant, judgement.consequences, runs_code || reaches_volatile(*verdict));
    note_fetched(*meant, subject.message);
    const auto written = subject.written(*meant);
    judgement.results = plans_of(*meant, *verdict, written);
    if (written == 1 && has_plan(meant->statements.front()))
      judgement.cost = cost_limit(*verdict, view_.basis->guard->policy().monitors());
    for (const auto& plan : judgement.results) {
      const bool is_new = plan.declared && registry_.cursors.size() < PendingNames<StatementPtr>::kMaxNames;
      if (is_new) registry_.cursors.try_emplace(plan.declares, plan.declared);
    }
  }
  return judgement;
}

// Several statements are a sequence where they are one text: elsewhere they are what one name may stand for.
std::optional<Error> Judge::hangs(const sql::Facts& meant, const Recorder::Subject& subject,
                                  bool runs_code) const {
  const bool is_text = subject.message == "Query" || subject.message == "Parse";
  if (!is_text || meant.statements.size() < 2) return std::nullopt;
  const auto written = subject.written(meant);
  return hangs_on_earlier(meant, written, view_.unsettled, runs_code);
}

// PostgreSQL's own that are called by a view, say, may change something, as those written in the text may.
bool Judge::reaches_volatile(const guard::Verdict& verdict) {
  return std::ranges::any_of(verdict.decision.effects, [](const auto& effect) {
    return effect.action == sql::Action::execute_function && !effect.route.empty() &&
           sql::is_builtin_volatile_function(effect.object.name);
  });
}

// What a view calls, and what a cursor runs, does not stand in the text.
bool Judge::may_change(const sql::Facts& meant, bool runs_code) const {
  return runs_code || fetches_what_changes(meant) ||
         std::ranges::any_of(meant.statements, [](const auto& statement) { return !statement.reads_only; });
}

// Of what the policy allows, what stands against it before it is tried out.
std::optional<Error> Judge::hinders(const guard::Verdict& verdict, const sql::Facts& meant,
                                    const Recorder::Subject& subject, bool changes) const {
  if (auto lacking = lacks_evidence(meant, changes)) return lacking;
  if (auto hindered = hinders_counting(verdict, meant, subject)) return hindered;
  return hinders_estimate(verdict, meant, subject);
}

// Transactions can always be ended: what they end was let through before.
std::optional<Error> Judge::lacks_evidence(const sql::Facts& meant, bool changes) const {
  if (needs_.evidence == nullptr) return std::nullopt;
  const auto controls = [](const sql::StatementFacts& statement) {
    return statement.transaction != sql::TransactionControl::none;
  };
  const auto& statements = meant.statements;
  if (std::all_of(statements.begin(), statements.end(), controls)) return std::nullopt;
  return needs_.evidence->objection(changes);
}

// What is allowed may still be too much, or too often the same mistake.
std::optional<Error> Judge::over_limit(guard::Demand demand, const Recorder::Subject& subject) {
  if (needs_.limits == nullptr || !subject.key) return std::nullopt;
  const bool is_first = !running_.held();
  if (is_first) {
    auto slot = needs_.limits->begin_statement(identity_.agent);
    if (!slot) return slot.error();
    running_ = std::move(*slot);
  }
  demand.same = subject.key;
  // What EXECUTE and FETCH run is no statement of its own here.
  const auto written = static_cast<std::uint32_t>(subject.facts->statements.size());
  demand.statements = std::min(demand.statements, written);
  if (subject.is_paid) {
    demand.statements = demand.ddl = 0;
    demand.rules.clear();
  }
  auto refusal = needs_.limits->admit(identity_.agent, demand, needs_.clock->steady());
  // Its answer may take a second, and nothing of the session runs meanwhile.
  if (refusal && is_first && !view_.basis->guard->policy().monitors()) running_.release();
  return refusal;
}

Judgement Judge::too_long(std::string_view message, std::string_view head, std::uint64_t length) {
  Recorder::Subject subject;
  subject.message = message;
  subject.text = head;
  subject.text_length = length;
  const Error error{sqlstate::program_limit_exceeded, "the statement has " + std::to_string(length) +
                                                          " bytes, the gate reads at most " +
                                                          std::to_string(needs_.facts->limits().bytes) +
                                                          ": send the data as parameters or with COPY"};
  return recorded(guard::Guard::refuse(error), subject);
}

// A name that the gate does not know, as it may stand for any text.
StatementPtr Judge::not_known(const Error& error) {
  Statement statement{};
  statement.facts = std::make_shared<const sql::Facts>(sql::not_understood_facts(error));
  return std::make_shared<const Statement>(std::move(statement));
}

Judgement Judge::bind(std::string_view name, const wire::Bind* bind, std::uint64_t bytes) {
  Recorder::Subject subject;
  subject.message = "Bind";
  subject.bind = bind;
  subject.parameter_bytes = bind == nullptr ? bytes : 0;

  auto statements = registry_.prepared.find(name, registry_.pipeline);
  const bool is_unknown = statements.empty();
  if (is_unknown) {
    if (!only_observes()) return unknown(unknown_statement(name), subject);
    statements.push_back(not_known(unknown_statement(name)));
  }
  if (statements.size() > kMaxMeanings) {
    return refuse("Bind",
                  {sqlstate::statement_too_complex, "too many statements may stand behind the name \"" +
                                                        std::string(name) + "\": close it first"});
  }
  const StatementPtr named = statements.back();
  if (statements.size() == 1 && statements.front()->decided_at_bind && bind != nullptr) {
    Statement given = *statements.front();
    given.facts = std::make_shared<const sql::Facts>(with_arguments(*given.facts, *bind));
    statements.front() = std::make_shared<const Statement>(std::move(given));
  }
  const FactsPtr facts = statements.size() == 1 ? statements.front()->facts
                                                : std::make_shared<const sql::Facts>(united(statements));
  subject.facts = facts.get();
  if (!is_unknown) subject.statement = statements.back()->record;
  subject.key = key_of(statements.back()->key, bind);
  subject.is_paid = named->is_paid;
  if (statements.size() == 1) subject.source = statements.front()->source.get();

  Judgement judgement = decide(facts, subject);
  if (judgement.record) named->is_paid = false;  // as whoever reads the log back sees it
  if (judgement.allowed) {
    judgement.portal = std::make_shared<Portal>(Portal{
        std::move(statements), *judgement.record, *subject.key, judgement.consequences, false, view_.basis,
        view_.names, merged(judgement.results), judgement.rows_duty, judgement.lock_duty});
    judgement.portal->may_lag = judgement.may_lag;
    if (judgement.is_tried) {
      judgement.portal->tried_settings = view_.settings;
      judgement.portal->tried_behind = view_.earlier;
    }
  }
  return judgement;
}

Judgement Judge::execute_cursor(std::string_view portal) {
  view_.newest = true;  // what it runs was looked up when it was bound
  Recorder::Subject subject;
  subject.message = "Execute";
  if (!registry_.cursors.contains(portal)) {
    return unknown({sqlstate::invalid_cursor_name, "portal \"" + std::string(portal) + "\" does not exist"},
                   subject);
  }
  sql::Effect effect{};
  effect.action = sql::Action::fetch;
  effect.object.name = portal;
  const auto facts = std::make_shared<sql::Facts>();
  auto& statement = facts->statements.emplace_back();
  statement.kind = "FETCH";
  statement.reads_only = true;
  statement.effects.push_back(std::move(effect));
  subject.facts = facts.get();
  Judgement judgement = decide(facts, subject);
  if (!judgement.results.empty()) judgement.results.front().fetches = {std::string(portal)};
  return judgement;
}

// What EXECUTE or FETCH names may have changed since Bind, and so may policy, catalog and search_path. A plan
// has its objects, but what hangs on them, as triggers and keys, is found when it runs.
bool Judge::is_outdated(const Portal& portal) const {
  if (portal.names_others() || portal.basis != view_.basis || must_record_commit(portal)) return true;
  if (view_.blind && uses_names(united(portal.statements))) return true;
  // It was bound while all was well.
  if (needs_.evidence != nullptr && needs_.evidence->objection(true)) return true;
  return portal.names != view_.names && !portal.is_planned();
}

Judgement Judge::execute_again(const std::vector<PortalPtr>& portals) {
  view_.newest = true;
  const bool planned =
      std::all_of(portals.begin(), portals.end(), [](const auto& portal) { return portal->is_planned(); });
  if (planned && view_.names != portals.back()->names) {
    verdicts_.clear();
    view_.names = portals.back()->names;  // they were looked up when it was bound
  }
  std::vector<StatementPtr> statements;
  for (const auto& portal : portals) {
    statements.insert(statements.end(), portal->statements.begin(), portal->statements.end());
  }
  const auto facts = std::make_shared<const sql::Facts>(united(statements));
  Recorder::Subject subject;
  subject.message = "Execute";
  subject.facts = facts.get();
  subject.statement = statements.back()->record;
  if (portals.size() == 1) {
    if (const auto asked = cost_of({portals.front()->results})) subject.asked_cost = asked->most;
  }
  Judgement judgement = decide(facts, subject);
  if (judgement.allowed) keep_counting(portals, judgement);
  return judgement;
}

// A name that the gate does not know is answered as PostgreSQL does, in its own words.
Judgement Judge::unknown(Error error, const Recorder::Subject& subject) {
  if (only_observes()) return held_back(error, sql::not_understood_facts(error), subject);
  guard::Verdict verdict;
  verdict.refusal = std::move(error);
  Judgement judgement = recorded(verdict, subject);
  if (judgement.record) {
    judgement.refusal = *verdict.refusal;
    judgement.refusal.detail = "Portcullis record " + std::to_string(*judgement.record) + ".";
  }
  return judgement;
}

Judgement Judge::refuse(std::string_view message, Error error) {
  Recorder::Subject subject;
  subject.message = message;
  return recorded(guard::Guard::refuse(error), subject);
}

Judgement Judge::hold_back(std::string_view message, const Error& error) {
  Recorder::Subject subject;
  subject.message = message;
  return held_back(error, sql::not_understood_facts(error), subject);
}

// Of what goes on all the same, and where the log has failed, nothing is counted.
Judgement Judge::refused_over_limit(const guard::Verdict& verdict, Error why,
                                    const Recorder::Subject& subject) {
  const bool is_limit = why.code == sqlstate::configuration_limit_exceeded;
  const auto refused = view_.basis->guard->over_limit(verdict, std::move(why));
  if (!is_limit || refused.allowed() || needs_.sink->failure()) return recorded(refused, subject);
  const auto* decisive = refused.decision.decisive();
  const std::string rule = decisive == nullptr ? std::string() : decisive->rule;
  const std::string code(refused.refusal->code.view());
  const auto now = needs_.clock->steady();
  Judgement judgement;
  judgement.tally = floods_.count(rule, code, now);
  if (judgement.tally) {
    judgement.refusal = *refused.refusal;
    return judgement;
  }
  judgement = recorded(refused, subject);
  if (judgement.record) floods_.recorded(rule, code, now);
  return judgement;
}

Judgement Judge::recorded(const guard::Verdict& verdict, const Recorder::Subject& subject) {
  Judgement judgement;
  Recorder::Subject told = subject;
  told.basis = view_.basis.get();
  const auto index = recorder_.decision(verdict, told);
  if (!index) {
    judgement.refusal = index.error();
    return judgement;
  }
  judgement.record = *index;
  judgement.allowed = verdict.allowed();
  strayed_ = strayed_ || (only_observes() && verdict.outcome == policy::Outcome::would_deny);
  if (!judgement.allowed) judgement.refusal = guard::with_record(*verdict.refusal, *index);
  return judgement;
}

}  // namespace portcullis::session
