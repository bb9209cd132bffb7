// What a session's settings are where they decide what a statement means or does: asked of a session of
// production, given to a run in the shadow.
#pragma once

#include <string_view>

namespace portcullis::shadow {

// No setting: the number of the open transaction, where it has changed anything.
inline constexpr std::string_view kTransactionSetting = "portcullis.transaction";

// Rows of name and value; "role" among them, and kTransactionSetting. Every name in it is qualified, and it
// uses no operator.
[[nodiscard]] std::string_view session_settings_query() noexcept;

}  // namespace portcullis::shadow
