// What an agent reads when a limit holds it back: which one, and when to try again. Everything stands in the
// message, as in every refusal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "guard/failure_memory.hpp"
#include "policy/limits.hpp"
#include "portcullis/base/error.hpp"

namespace portcullis::guard {

// How long, rounded up: "12 s", "5 min", "3 h 20 min".
[[nodiscard]] std::string to_text(std::chrono::microseconds wait);

// 53400. `what` is the limit as the policy calls it: "limit "statements"", "limit "rate" of rule "repair"".
// No wait: the text asks for `tokens` at once, and that will never do.
[[nodiscard]] base::Error used_up(std::string_view what, const policy::Rate& rate, std::string_view agent,
                                  std::uint32_t tokens, std::optional<std::chrono::microseconds> wait);
// 54000, the beginning of it: what is to be said of the statement that it stops is added by whoever stops it.
[[nodiscard]] base::Error too_much_given(std::string_view what, const policy::Volume& volume,
                                         std::string_view agent, std::optional<std::chrono::seconds> wait);
// 53400.
[[nodiscard]] base::Error keeps_failing(const FailureMemory::Block& block, std::string_view agent);
// 53300, for a login.
[[nodiscard]] base::Error too_many_connections(std::uint32_t most, std::string_view agent);
// 53400.
[[nodiscard]] base::Error too_many_at_once(std::uint32_t most, std::string_view agent);
// 42501: the policy has no such agent (any more).
[[nodiscard]] base::Error unknown_agent(std::string_view agent);

}  // namespace portcullis::guard
