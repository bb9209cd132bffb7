// Functions of PostgreSQL's own that are as harmless as what an argument names: nextval, set_config,
// pg_input_is_valid.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/builtins.hpp"
#include "policy/standing.hpp"

namespace portcullis::policy {

// The argument must be a constant, and what it names is judged as if the statement had named it.
[[nodiscard]] Standing own_function_on_object(const sql::Effect& call, const BuiltinFunction& function,
                                              const Surroundings& surroundings);

// The constant that a call has for such an argument, as far as the verdict looks at it: a name, or what is no name
// and stands for every other text that is none. Nothing where it is not looked at.
[[nodiscard]] std::optional<std::string> name_in_call(const sql::Effect& call, const ObjectArgument& argument);

// Whether a policy may allow the function by name though the list that ships does not: empty, or why not.
// What would get round a protection, or takes time that nothing can end, stays shut.
[[nodiscard]] std::string why_not_openable(std::string_view schema, std::string_view name);

}  // namespace portcullis::policy
