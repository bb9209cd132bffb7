// A statement as the log has it: the decision, the session that it was of, and what became of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/filter.hpp"
#include "audit/hash.hpp"

namespace portcullis::audit {

struct StatementEffect {
  std::string action, object, outcome, rule, ground, route;
  std::vector<std::string> columns;
  bool all_columns = false;
};

struct StatementOutcome {
  std::uint64_t index = 0;
  std::int64_t micros = 0;  // since 1970
  std::string result, sqlstate, limit, status;
  std::vector<std::string> tags, changed;
  std::uint64_t duration = 0;  // microseconds
  std::uint64_t rows = 0, bytes = 0;
  Hash leaf{};
};

struct Statement {
  std::uint64_t index = 0;
  std::int64_t micros = 0;
  std::uint64_t session = 0;
  std::shared_ptr<const SessionFacts> who;  // nothing where the log does not have its login
  std::uint64_t count =
      1;  // how many it stands for: more than one only of `counted`, of which the rest is unknown
  std::string agent, role, message, verdict, rule, sqlstate, reason, policy, catalog, dry_run, trace;
  std::string said;  // why, as the agent says
  std::vector<std::string> kinds, parameters;
  std::vector<StatementEffect> effects;
  std::string text;                        // as it was sent; of a Bind, full_text() has it
  std::optional<std::uint64_t> parsed_at;  // of a Bind: the entry that has its text
  // How that is found, where it was asked for; to be called while the statement is given on, and no later.
  std::function<std::string()> find_text;
  std::vector<StatementOutcome> outcomes;  // in the order of the log
  Hash leaf{};                             // of the decision's line
  std::size_t bytes = 0;                   // of the lines of all of it

  [[nodiscard]] bool is_forwarded() const noexcept;
  // Whether it ran or was to run: a Parse runs nothing.
  [[nodiscard]] bool runs() const noexcept { return is_forwarded() && message != "Parse"; }
  [[nodiscard]] bool is_unresolved() const noexcept { return runs() && outcomes.empty(); }
  // "ok", "error", ... of the last outcome; "refused", "prepared" (a Parse that went through), or
  // "unresolved".
  [[nodiscard]] std::string_view result() const noexcept;
  [[nodiscard]] std::uint64_t rows() const noexcept;  // given to the client, of all outcomes
  [[nodiscard]] std::uint64_t bytes_given() const noexcept;
  [[nodiscard]] std::string full_text() const { return text.empty() && find_text ? find_text() : text; }
  [[nodiscard]] std::string owner() const { return who ? who->owner : std::string{}; }
};

class Unsealer;

// Of a `decision` or a `counted` entry. `counted` has the message "counted" and the verdict "deny". Texts
// that are sealed are as entry_texts.hpp has them.
[[nodiscard]] Statement read_statement(const EntryReader& entry, Unsealer* keys = nullptr);
[[nodiscard]] StatementOutcome read_outcome(const EntryReader& entry);

}  // namespace portcullis::audit
