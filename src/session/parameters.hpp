// Calls that are as harmless as what an argument names, where that is a parameter: set_config($1, $2, false).
// They are decided when Bind gives the value; until then nothing runs them, for a Parse alone does not plan
// (manual 55.2.3).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "portcullis/sql/facts.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::session {

// The facts without such calls; nothing where there is none, or where a parameter is declared to be of
// another type than text, whose value might be read as something else. `types`: of the parameters, as in
// Parse.
[[nodiscard]] std::optional<sql::Facts> without_open_calls(const sql::Facts& facts,
                                                           std::span<const std::uint32_t> types);

// The facts with the arguments that Bind gives. What is not given as text stays open, and is refused.
[[nodiscard]] sql::Facts with_arguments(const sql::Facts& facts, const wire::Bind& bind);

}  // namespace portcullis::session
