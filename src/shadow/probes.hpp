// Questions for production's own rows that a copy without them cannot answer: would they pass a new NOT NULL,
// CHECK, UNIQUE, foreign key or type? Each is one SELECT without effects that ends at the first row that
// would not. No code of users is in it: who asks is not who wrote that.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shadow/run_facts.hpp"

namespace portcullis::shadow {

struct Probe {
  enum class Answer : std::uint8_t { passes, violates, unknown };

  std::string schema, table;  // whose rows
  std::string question;       // that stands in the way: "rows of app.orders whose note is null"
  std::string sql;            // gives a row where one does; empty: it cannot be asked, and `why` says why
  std::vector<std::pair<std::string, std::string>> reads{};  // the tables in it
  base::SqlState violated{"23514"};                          // what the statement fails by then
  bool is_computed = false;  // an error of class 22, data exception, is what the statement fails by, too
  Answer answer = Answer::unknown;
  std::string why{};  // of `unknown`; the database's own words where the answer is an error
  std::chrono::microseconds took{0};
};
[[nodiscard]] std::string_view name(Probe::Answer answer) noexcept;

// Of a run that came to its end. `plan_text` is the statement and what its transaction ran before, for the
// words in it. Nothing: whatever the rows of production are, they pass. What the agent's own open transaction
// has written is not among the rows that are asked.
[[nodiscard]] std::vector<Probe> probes_of(const RunFacts& facts, std::string_view plan_text);

// What follows from a run and from production's answers.
struct Outlook {
  enum class Outcome : std::uint8_t { runs, fails, unknown };
  Outcome outcome = Outcome::unknown;
  bool hangs_on_rows = false;        // production's rows have decided it, or would
  std::optional<base::Error> error;  // that it fails by; of `unknown`, what nobody could find out
};
// `unknown` where one of the questions has no answer.
[[nodiscard]] Outlook outlook_of(const RunFacts& facts, const std::vector<Probe>& probes);

}  // namespace portcullis::shadow
