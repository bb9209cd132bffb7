// Sets of actions, as rules name them: by word, by pattern, and which of them a rule may grant at all.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

class ActionSet {
 public:
  void insert(sql::Action action) noexcept { bits_.set(index(action)); }
  [[nodiscard]] bool contains(sql::Action action) const noexcept { return bits_.test(index(action)); }
  [[nodiscard]] bool empty() const noexcept { return bits_.none(); }
  ActionSet& operator|=(const ActionSet& other) noexcept {
    bits_ |= other.bits_;
    return *this;
  }
  ActionSet& operator-=(const ActionSet& other) noexcept {
    bits_ &= ~other.bits_;
    return *this;
  }

 private:
  static constexpr std::size_t kCapacity = 512;  // a test holds it against the enumeration
  static std::size_t index(sql::Action action) noexcept {
    return static_cast<std::size_t>(action) % kCapacity;
  }

  std::bitset<kCapacity> bits_;
};

// "select", "alter table *" (every action that starts with "alter table "), "all". Nothing for a word that is
// none.
[[nodiscard]] std::optional<ActionSet> actions_matching(std::string_view pattern);
[[nodiscard]] bool is_action_pattern(std::string_view word) noexcept;  // of the last two forms
// ": did you mean ...?" or what to write instead.
[[nodiscard]] std::string suggest_action(std::string_view word);

// What an action is done to, as far as "on" can name it.
enum class Target : std::uint8_t {
  named,     // always an object of a schema: select, drop table
  nameless,  // nothing, or something outside schemas: begin, create role
  either,    // both occur: comment, grant, vacuum
};
[[nodiscard]] Target target_of(sql::Action action) noexcept;

// Why no rule can allow an action, or nothing. These run what the gate cannot see, reach objects that the
// statement does not name, or change what the gate's own judgement stands on: a protection would not hold
// against them.
[[nodiscard]] std::optional<std::string_view> never_allowed(sql::Action action) noexcept;

}  // namespace portcullis::policy
