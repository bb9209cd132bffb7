// From a message of the client to a verdict that stands in the log: analysis, names of the session, policy,
// record.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "guard/verdict_cache.hpp"
#include "session/consequences.hpp"
#include "session/dry_run_request.hpp"
#include "session/flood_count.hpp"
#include "session/identity.hpp"
#include "session/recorder.hpp"
#include "session/statement_registry.hpp"

namespace portcullis::session {

struct Judgement {
  bool allowed = false;
  // Index of the decision's entry: what is sent on must wait until it is durable. Nothing when the log
  // refused it.
  std::optional<std::uint64_t> record;
  bool may_lag = false;   // see audit::DecisionRecord
  base::Error refusal{};  // what the agent gets, the record's number in it; or the log's own error
  // The refusal is counted in this: it is told once that has an entry, whose number it then gets.
  TallyPtr tally{};
  Consequences consequences{};
  // Nothing was decided and nothing recorded: the catalog does not know a name that a newer one may know.
  bool wants_newer_catalog = false;
  std::optional<std::uint64_t> key;  // by which a failure of the same statement is known again
  StatementPtr statement;            // of an allowed Query or Parse
  PortalPtr portal;                  // of an allowed Bind
  std::vector<ResultPlan> results;   // of its statements, as written; empty: nothing is limited
  std::optional<RowDuty> rows_duty{};
  std::optional<LockDuty> lock_duty{};  // of an allowed Query or Bind that was tried out
  // Nothing was decided and nothing recorded: the session's settings must be known first, or this be tried
  // out.
  bool wants_settings = false;
  // It may leave something in the server's session that DISCARD ALL does not take away; asked only where
  // sessions follow each other in one.
  bool outlives_reset = true;
  std::optional<DryRunRequest> wants_dry_run{};
  bool is_tried = false;                  // it, or of a Parse each Bind, must be tried out before it runs
  std::optional<policy::Ceiling> cost{};  // of an allowed Query, Parse or Bind whose cost is to be asked
};

// What the next judgements are made by.
struct View {
  std::shared_ptr<const Basis> basis;  // null: everything is refused until there is something
  // How the server looks up names; never null in use.
  std::shared_ptr<const catalog::NameSpace> names;
  // What the agent says about itself for the session.
  std::shared_ptr<const sql::Claims> claims{};
  // The catalog was just asked about, and a name that it does not know is one that does not exist.
  bool newest = false;
  // The open transaction has changed the catalog or where names are looked up.
  bool unsettled = false;
  // Messages of a pipeline were sent that no Sync has ended yet.
  bool in_pipeline = false;
  // A transaction block is open.
  bool in_block = false;
  // ... and nothing that is on its way can end it.
  bool stays_in_block = false;
  // Something in the open transaction has changed something, or is about to.
  bool has_changes = false;
  // The open transaction has failed.
  bool failed = false;
  // The session's settings; null: the server must be asked.
  std::shared_ptr<const SessionSettings> settings{};
  // What the open transaction has changed in the catalog, to be done again in a copy; null: it cannot be.
  std::shared_ptr<const std::vector<std::string>> earlier{};
  std::shared_ptr<const TriedOut> tried{};  // what came of the message's dry run
  // Why it is not known what names mean: statements that use any are refused for it.
  std::optional<base::Error> blind{};
};

class Judge {
 public:
  Judge(const Identity& identity, const Dependencies& dependencies, StatementRegistry& registry)
      : identity_(identity),
        needs_(dependencies),
        registry_(registry),
        recorder_(identity, dependencies),
        strayed_(identity.strayed) {}
  // Adds what was found in its cache of verdicts to session/cache_tally.hpp.
  ~Judge();
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  void use(View view);

  // `message` is "Query" or "Parse"; `analysis` of the text where the caller has it already. An allowed
  // PREPARE or DECLARE is known to the registry afterwards.
  [[nodiscard]] Judgement text(std::string_view message, std::string_view text, Analysis analysis = nullptr,
                               std::span<const std::uint32_t> parameter_types = {});
  // A text of `length` bytes that is too long to be read; `head` is its beginning.
  [[nodiscard]] Judgement too_long(std::string_view message, std::string_view head, std::uint64_t length);
  // `bind` is null when the message is too long to be looked at whole.
  [[nodiscard]] Judgement bind(std::string_view statement, const wire::Bind* bind, std::uint64_t bytes);
  // Execute of a portal that DECLARE CURSOR made: judged as the FETCH that it is.
  [[nodiscard]] Judgement execute_cursor(std::string_view portal);
  // Whether what was judged at its Bind may be another thing now.
  [[nodiscard]] bool is_outdated(const Portal& portal) const;
  // Execute of portals of which one is outdated.
  [[nodiscard]] Judgement execute_again(const std::vector<PortalPtr>& portals);
  // Whatever is refused without being looked at, whoever sends it.
  [[nodiscard]] Judgement refuse(std::string_view message, base::Error error);
  // The same, but forwarded where the policy only observes.
  [[nodiscard]] Judgement hold_back(std::string_view message, const base::Error& error);

  // The policy holds nothing back from this agent.
  [[nodiscard]] bool only_observes() const;
  // Something went through that a policy in force would have refused: the session may be anybody since.
  [[nodiscard]] bool has_strayed() const noexcept { return strayed_; }

  // The statement may make these names when it runs.
  void learn_names(const StatementPtr& statement);

  // When refusals that are counted get their entry, which write_counted() writes; all of them at the end.
  [[nodiscard]] std::optional<FloodCount::Time> counts_until() const { return floods_.due(); }
  void write_counted() { floods_.write(recorder_, needs_.clock->steady()); }
  void end_counting() { floods_.write_all(recorder_); }

  // Nothing of the session is under way any more.
  void rest() noexcept { running_.release(); }

  [[nodiscard]] Recorder& recorder() noexcept { return recorder_; }

 private:
  using FactsPtr = std::shared_ptr<const sql::Facts>;
  // How many statements a name may stand for before nobody can tell any more.
  static constexpr std::size_t kMaxMeanings = 64;

  [[nodiscard]] FactsPtr with_parameter_types(FactsPtr facts, std::span<const std::uint32_t> types) const;
  [[nodiscard]] guard::Verdict held_back(const base::Error& error) const;
  [[nodiscard]] Judgement held_back(const base::Error& error, const sql::Facts& meant,
                                    const Recorder::Subject& subject);
  [[nodiscard]] static base::Error unknown_statement(std::string_view name);
  void learn_names(const StatementPtr& statement, std::set<StatementPtr>& known);
  [[nodiscard]] static StatementPtr not_known(const base::Error& error);
  [[nodiscard]] Judgement unknown(base::Error error, const Recorder::Subject& subject);
  [[nodiscard]] Judgement decide(const FactsPtr& written, const Recorder::Subject& subject);
  [[nodiscard]] Judgement decide_whole(const FactsPtr& meant, Recorder::Subject subject);
  [[nodiscard]] std::optional<base::Error> hangs(const sql::Facts& meant, const Recorder::Subject& subject,
                                                 bool runs_code) const;
  [[nodiscard]] bool fetches_what_moves(const sql::Facts& meant) const;
  [[nodiscard]] bool fetches_what_changes(const sql::Facts& meant) const;
  [[nodiscard]] std::optional<base::Error> hinders(const guard::Verdict& verdict, const sql::Facts& meant,
                                                   const Recorder::Subject& subject, bool changes) const;
  [[nodiscard]] std::optional<base::Error> hinders_counting(const guard::Verdict& verdict,
                                                            const sql::Facts& meant,
                                                            const Recorder::Subject& subject) const;
  [[nodiscard]] std::optional<base::Error> hinders_estimate(const guard::Verdict& verdict,
                                                            const sql::Facts& meant,
                                                            const Recorder::Subject& subject) const;
  [[nodiscard]] static bool reaches_volatile(const guard::Verdict& verdict);
  [[nodiscard]] bool may_change(const sql::Facts& meant, bool runs_code) const;
  [[nodiscard]] std::optional<base::Error> lacks_evidence(const sql::Facts& meant, bool changes) const;
  // judge_lag.cpp
  [[nodiscard]] bool is_undone_with_block(const guard::Verdict& verdict, const sql::Facts& meant,
                                          const Recorder::Subject& subject) const;
  [[nodiscard]] bool reaches_beyond(const guard::Verdict& verdict) const;
  [[nodiscard]] bool needs_no_sync(const sql::Facts& meant, bool changes) const;
  void note_lag(Judgement& judgement, const Recorder::Subject& subject, bool is_undone);
  [[nodiscard]] bool must_record_commit(const Portal& portal) const;
  // judge_dry_runs.cpp
  [[nodiscard]] static bool must_be_tried_out(const guard::Verdict& verdict) noexcept;
  [[nodiscard]] std::optional<base::Error> hinders_dry_run(const guard::Verdict& verdict,
                                                           const sql::Facts& meant,
                                                           const Recorder::Subject& subject) const;
  [[nodiscard]] DryRunRequest request_of(const guard::Verdict& verdict, const sql::Facts& meant,
                                         const Recorder::Subject& subject) const;
  [[nodiscard]] std::optional<std::string> hinders_question(const sql::Facts& meant,
                                                            std::size_t statement) const;
  void add_questions(const guard::Verdict& verdict, const sql::Facts& meant, std::size_t statement,
                     DryRunRequest& request) const;
  [[nodiscard]] bool is_answered(const DryRunRequest& request) const;
  [[nodiscard]] bool wants_dry_run(const guard::Verdict& verdict, const sql::Facts& meant,
                                   const Recorder::Subject& subject, Judgement& later) const;
  [[nodiscard]] std::optional<base::Error> refused_by_dry_run(const guard::Verdict& verdict,
                                                              const sql::Facts& meant,
                                                              const Recorder::Subject& subject) const;
  [[nodiscard]] std::optional<LockDuty> lock_duty_of(const guard::Verdict& verdict, const sql::Facts& meant,
                                                     const Recorder::Subject& subject) const;
  void note_cursors(const sql::Facts& meant, const Consequences& consequences, bool runs_code);
  void note_fetched(const sql::Facts& meant, std::string_view message) const;
  [[nodiscard]] std::optional<base::Error> over_limit(guard::Demand demand, const Recorder::Subject& subject);
  static void keep_counting(const std::vector<PortalPtr>& portals, Judgement& judgement);
  [[nodiscard]] std::vector<ResultPlan> plans_of(const sql::Facts& meant, const guard::Verdict& verdict,
                                                 std::size_t written) const;
  [[nodiscard]] ResultPlan plan_of(const sql::StatementFacts& statement, const policy::ResultLimits& limits,
                                   bool of_agent, ResultPlan plan) const;
  [[nodiscard]] Judgement recorded(const guard::Verdict& verdict, const Recorder::Subject& subject);
  // What a limit refuses, recorded or counted.
  [[nodiscard]] Judgement refused_over_limit(const guard::Verdict& verdict, base::Error why,
                                             const Recorder::Subject& subject);
  [[nodiscard]] base::Result<sql::Facts> with_named_statements(const sql::Facts& facts) const;
  using Bodies = std::vector<sql::StatementFacts>;
  [[nodiscard]] base::Result<Bodies> named_by(std::span<const sql::StatementFacts> text) const;
  // False: there is none of this name.
  [[nodiscard]] bool add_prepared(std::string_view name, std::span<const sql::StatementFacts> earlier,
                                  Bodies& bodies) const;
  [[nodiscard]] bool add_fetched(std::string_view name, std::span<const sql::StatementFacts> earlier,
                                 Bodies& bodies) const;
  const Identity& identity_;
  const Dependencies& needs_;
  StatementRegistry& registry_;
  Recorder recorder_;
  FloodCount floods_;
  bool strayed_;
  View view_;
  guard::VerdictCache verdicts_;
  // The newest decision on a change of an open block that no later one of the session's, synced, covers.
  std::optional<std::uint64_t> lagging_;
  guard::RateLimiter::Slot running_;  // while something of the session is under way
};

}  // namespace portcullis::session
