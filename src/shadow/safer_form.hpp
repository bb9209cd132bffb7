// The same end by statements that nobody has to wait for long: indexes built beside, constraints checked
// while others write, columns filled in batches.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shadow/run_facts.hpp"

namespace portcullis::shadow {

struct SaferStep {
  std::string sql;       // a transaction of its own; empty: something to be done that is not one statement
  std::string why;       // what it does, and what it spares
  std::string stand_in;  // what does the same in a transaction, where `sql` cannot run in one
  // Of `sql` behind the steps before it; nothing where it was not, or could not be, tried out.
  std::optional<RunFacts> facts{};
};

struct SaferForm {
  std::string why;  // one sentence
  std::vector<SaferStep> steps;
};

// Of a statement that ran outside a transaction block. Nothing: there is none, none is known, or the
// statement does more than these steps would.
[[nodiscard]] std::optional<SaferForm> safer_form(const RunFacts& facts, std::string_view statement);

}  // namespace portcullis::shadow
