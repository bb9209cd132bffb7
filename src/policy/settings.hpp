// Who may change and read which settings: SET, RESET, SHOW, and the functions that do the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/standing.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

[[nodiscard]] Standing set_standing(const sql::Effect& effect,
                                    const Surroundings& surroundings);  // RESET too
// SET ROLE and SET SESSION AUTHORIZATION, and RESET of both: free where they undo, as drivers do at a
// session's end (PostgreSQL manual, "SET ROLE": NONE and RESET).
[[nodiscard]] Standing role_standing(const sql::Effect& effect);
// `allowed`: on top of those that are free for everyone.
[[nodiscard]] Standing show_standing(const sql::Effect& effect, const SettingNames& allowed);

// The schemas in a search_path that is written as one text, as set_config() takes it; nothing where it cannot
// be read.
[[nodiscard]] std::optional<std::vector<std::string>> read_search_path(std::string_view text);

// SET, RESET or set_config() of what the gate pins, or of what cannot be told; SET ROLE and SET SESSION
// AUTHORIZATION. Not whether it is refused: a value may be the pinned one.
[[nodiscard]] bool changes_what_is_pinned(const sql::Effect& effect);

// Whether the value of the setting has a part in the verdict, and not only that it is a constant.
[[nodiscard]] bool value_decides(std::string_view setting);

// Whether a policy may allow the setting: empty, with the name in lower case, or what is wrong ("cannot be
// allowed: ...").
[[nodiscard]] std::string read_setting_name(std::string_view written, std::string& name);

}  // namespace portcullis::policy
