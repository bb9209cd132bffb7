// A policy file, loaded and checked: an immutable value, shared by all threads, swapped as a whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/policy/bound.hpp"
#include "portcullis/policy/decision.hpp"
#include "portcullis/policy/dry_run_duty.hpp"
#include "portcullis/policy/explanation.hpp"
#include "portcullis/policy/problem.hpp"
#include "portcullis/policy/result_limits.hpp"

namespace portcullis::policy {

struct Agent {
  std::string name;   // the key under "agents"
  std::string login;  // the user that it logs in as at the gate
  std::string owner;  // the person who answers for it; may be empty
  std::vector<std::string> groups;
};

// A statement with the verdict that the policy's author expects.
struct PolicyTest {
  std::string as, sql;
  Outcome expect = Outcome::deny;
  std::string rule;      // empty: any
  sql::Claims claims{};  // that the session makes
  std::vector<std::string> search_path{"public"};  // where names without a schema are looked up
  std::uint32_t line = 0, column = 0;
};

struct Limits;  // policy/limits.hpp

// A rule with a rate, and how many statements of a text come under it.
struct RuleUse {
  std::string rule;
  std::uint32_t statements = 0;
  friend bool operator==(const RuleUse&, const RuleUse&) = default;
};

// How many rows a statement may change, and the rule that says so.
struct RowLimit {
  std::string rule;
  std::uint64_t rows = 0;  // 0: none
  friend bool operator==(const RowLimit&, const RowLimit&) = default;
};

// What evaluate() needs to know besides the statements.
struct Context {
  std::string_view agent;
  const sql::Claims* claims = nullptr;  // what it says about itself; null: nothing
};

class PolicySet {
 public:
  struct Rules;  // the inside, known to this room only
  struct Loaded;
  // All problems of the file, or a policy. `text` is JSON with // and /* */ comments.
  [[nodiscard]] static Loaded load(std::string_view text);

  ~PolicySet();
  PolicySet(PolicySet&&) noexcept;
  PolicySet& operator=(PolicySet&&) noexcept;

  [[nodiscard]] const std::string& policy_name() const noexcept;
  [[nodiscard]] const std::string& bytes() const noexcept;  // the file as loaded, for the audit log
  [[nodiscard]] const std::string& hash() const noexcept;  // lower-case hex SHA-256 of bytes(), 64 characters
  [[nodiscard]] const std::vector<Agent>& agents() const noexcept;
  [[nodiscard]] const Agent* agent_by_login(std::string_view login) const noexcept;
  [[nodiscard]] const Agent* agent_by_name(std::string_view name) const noexcept;
  [[nodiscard]] const std::vector<PolicyTest>& tests() const noexcept;
  // In mode "monitor" as a whole: what its rules are against is recorded as would_deny and goes through.
  [[nodiscard]] bool monitors() const noexcept;
  // Whether that goes for what cannot be understood too, and so for everything. Not where anything is
  // protected, for who can tell what such a text touches?
  [[nodiscard]] bool forwards_not_understood(std::string_view agent) const noexcept;

  // Pure and thread-safe. An agent that the policy does not name is denied everything, also what has no
  // effects. `bound` is what bind() of this policy gave; null where there is no database to hold it against.
  [[nodiscard]] Decision evaluate(const catalog::Resolution& resolution, const Context& context,
                                  const Bound* bound = nullptr) const;

  // What the policy's names stand for in a database. Never fails: what is wrong stands in the value. With
  // what an earlier snapshot gave, functions stay pinned to what they were then, and what was protected then
  // stays so.
  [[nodiscard]] Bound bind(const catalog::Snapshot& snapshot, const Bound* earlier = nullptr) const;

  // The same where only so much is known of it: enough to judge a statement that reaches nothing else.
  [[nodiscard]] Bound bind(const Known& known) const;

  [[nodiscard]] const Limits& limits() const noexcept;
  // Which rates of rules the statements of `facts` count against: those of all rules that cover an effect of
  // theirs, also where another rule allows it without. Pure and thread-safe; costs nothing where no rule to
  // the agent has a rate.
  [[nodiscard]] std::vector<RuleUse> rule_uses(const sql::Facts& facts, const catalog::Resolution& resolution,
                                               std::string_view agent) const;
  // How much each statement of `facts` may give back: the strictest of all rules that cover an effect of it.
  // Empty where no rule to the agent limits that. Pure and thread-safe.
  [[nodiscard]] std::vector<ResultLimits> result_limits(const sql::Facts& facts,
                                                        const catalog::Resolution& resolution,
                                                        std::string_view agent) const;

  // What must have been measured of each statement of `facts` before it is sent: what all rules that cover an
  // effect of it require, also where another rule allows it without. Empty where no rule to the agent does,
  // or the policy only monitors. Pure and thread-safe.
  [[nodiscard]] std::vector<DryRunDuty> dry_run_duties(const sql::Facts& facts,
                                                       const catalog::Resolution& resolution,
                                                       std::string_view agent) const;
  // Some rule requires a dry run of somebody.
  [[nodiscard]] bool requires_dry_runs() const noexcept;

  // The strictest of the agent's limits on rows that the statements come under: by a rule that covers a write
  // of theirs, whatever else covers it too. What users' code writes no rule says, so what runs any comes
  // under all of them. Nothing where none holds, for rules and policies that are monitored, and for an INSERT
  // whose rows are written out (StatementFacts::values_rows, of a text that is nothing else) and bring
  // nothing else about: then their number is within the limit already. Pure and thread-safe.
  [[nodiscard]] std::optional<RowLimit> row_limit(const catalog::Resolution& resolution,
                                                  std::string_view agent,
                                                  std::optional<std::uint64_t> values_rows = {}) const;
  // The strictest of all that hold for the agent.
  [[nodiscard]] std::optional<RowLimit> strictest_row_limit(std::string_view agent) const;

  // What this agent may do, shortest form, for refusals: "SELECT on app.* except app.users; ALTER TABLE ADD
  // COLUMN on app.orders". At most `limit` characters, cut at an item with "..." behind.
  [[nodiscard]] std::string allowed_summary(std::string_view agent, std::size_t limit = 300) const;
  // What is allowed to it and most like what was refused: "SELECT on app.orders". Empty where nothing is.
  [[nodiscard]] std::string nearest_allowed(std::string_view agent, const EffectDecision& refused) const;
  // What the file says about this agent, in full. Empty for an agent that it does not name.
  [[nodiscard]] Explanation explain(std::string_view agent) const;

 private:
  PolicySet();
  std::unique_ptr<Rules> rules_;
};

struct PolicySet::Loaded {
  std::optional<PolicySet> policy;  // nothing when there are problems
  std::vector<Problem> problems;
};

}  // namespace portcullis::policy
