// What holds without any rule: session control, the functions and settings that ship, and what no rule can
// open.
#pragma once

#include <optional>
#include <string>

#include "portcullis/policy/decision.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

struct Standing {
  bool allowed =
      false;  // a deny or ask rule still beats it; a refusal that `final` says holds against every rule
  bool final = false;
  Ground ground = Ground::session;
  std::string reason;
};

// Nothing for an effect that is for the rules alone.
[[nodiscard]] std::optional<Standing> standing(const sql::Effect& effect);

}  // namespace portcullis::policy
