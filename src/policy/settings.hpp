// Who may change and read which settings: SET, RESET, SHOW, and the functions that do the same.
#pragma once

#include <string>
#include <string_view>

#include "policy/standing.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

// `allowed`: on top of those that are free for everyone.
[[nodiscard]] Standing set_standing(const sql::Effect& effect, const SettingNames& allowed);  // RESET too
// SET ROLE and SET SESSION AUTHORIZATION, and RESET of both: free where they undo, as drivers do at a
// session's end (PostgreSQL manual, "SET ROLE": NONE and RESET).
[[nodiscard]] Standing role_standing(const sql::Effect& effect);
[[nodiscard]] Standing show_standing(const sql::Effect& effect, const SettingNames& allowed);

// Whether a policy may allow the setting: empty, with the name in lower case, or what is wrong ("cannot be
// allowed: ...").
[[nodiscard]] std::string read_setting_name(std::string_view written, std::string& name);

}  // namespace portcullis::policy
