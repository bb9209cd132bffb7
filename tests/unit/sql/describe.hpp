// Facts as one readable line, for comparing.
#pragma once

#include <string>
#include <string_view>

namespace portcullis::sql::testing {

// "SELECT (reads): select app.orders; execute function lower". Statements are joined by " | ". For a text
// that is refused: "ERROR 42601: message".
[[nodiscard]] std::string describe(std::string_view text);

}  // namespace portcullis::sql::testing
