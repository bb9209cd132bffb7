// A policy file, loaded and checked: an immutable value, shared by all threads, swapped as a whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"
#include "portcullis/policy/decision.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

// One thing wrong with a file, with where it is. Lines and columns (characters) count from 1.
struct Problem {
  std::uint32_t line = 0, column = 0;
  std::string message;  // what is wrong and what to write instead
  friend bool operator==(const Problem&, const Problem&) = default;
};
// "FILE:LINE:COLUMN: message", one a line.
[[nodiscard]] std::string to_text(const std::vector<Problem>& problems, std::string_view file);

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
  std::string rule;  // empty: any
  std::uint32_t line = 0, column = 0;
};

// What evaluate() needs to know besides the statements.
struct Context {
  std::string_view agent;
  // The schemas that unqualified names are looked up in, in order, as pinned by the gate; pg_catalog is
  // implicit.
  std::vector<std::string> search_path;
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

  // Pure and thread-safe. An agent that the policy does not name is denied everything. Text that is empty of
  // statements is allowed with no effects.
  [[nodiscard]] Decision evaluate(const sql::Facts& facts, const Context& context) const;

  // What this agent may do, shortest form, for refusals: "SELECT on app.orders; ALTER TABLE ADD COLUMN on
  // app.orders". At most `limit` characters, cut at an item with "..." behind.
  [[nodiscard]] std::string allowed_summary(std::string_view agent, std::size_t limit = 300) const;

 private:
  PolicySet();
  std::unique_ptr<Rules> rules_;
};

struct PolicySet::Loaded {
  std::optional<PolicySet> policy;  // nothing when there are problems
  std::vector<Problem> problems;
};

}  // namespace portcullis::policy
