// What an agent needs to be allowed so that what it did is: by action and object, as narrow as what it did.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "portcullis/policy/decision.hpp"
#include "portcullis/sql/facts.hpp"
#include "replay/past_decision.hpp"

namespace portcullis::replay {

// The records that show the need.
struct Sightings {
  std::uint64_t count = 0;
  std::set<std::uint64_t> some;  // the first ones
  std::uint64_t last = 0;
  void add(std::uint64_t record);
  void add(const Sightings& others);
};

// An action on an object of a schema; of an action on nothing that has a schema, an empty name.
struct Deed {
  sql::Action action{};
  sql::Name object;
  friend auto operator<=>(const Deed&, const Deed&) = default;
};

struct Need {
  bool whole = false;             // every column, or an action that is not done to columns
  std::set<std::string> columns;  // else these; none: rows alone, no column of them
  bool always_where = true;       // each time, where that counts
  // Of columns that are added.
  std::set<sql::DefaultExpression> defaults;
  bool always_nullable = true, never_nullable = true, always_base_type = true, conditions_hold = true;
};

// Of one agent.
struct Grants {
  std::map<Deed, Need> deeds;
  std::set<std::string> functions;  // "app.total(integer)"
  std::set<std::string> settings;
};

// Adds what opens the effect at `index`, which was refused with `refused`. Empty where something was added;
// else why no policy can open it, or that nothing more can be done.
[[nodiscard]] std::string grant(const PastDecision& past, std::size_t index,
                                const policy::EffectDecision& refused, Grants& grants);

// Which deed, function or setting an effect is: what evidence for it counts by. Nothing where it needs none.
[[nodiscard]] Deed deed_of(const catalog::ResolvedEffect& resolved);
[[nodiscard]] std::string function_of(const catalog::ResolvedEffect& resolved);  // a user's: its signature
[[nodiscard]] std::string setting_of(const catalog::ResolvedEffect& resolved);

}  // namespace portcullis::replay
