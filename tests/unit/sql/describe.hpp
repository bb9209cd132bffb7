// Facts as one readable line, for comparing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portcullis::sql::testing {

// "SELECT (reads): select app.orders; execute function lower". Statements are joined by " | ". For a text
// that is refused: "ERROR 42601: message".
[[nodiscard]] std::string describe(std::string_view text);

// "ranges app.orders as o; uses o.id, *; derived x; operators =; calls nextval('s')", without the lists that
// are empty.
[[nodiscard]] std::string describe_references(std::string_view text);

// One statement of a file of cases: a line that is not indented, and the indented one after it; # begins a
// comment.
struct Case {
  int line = 0;
  std::string text, expected;
};
[[nodiscard]] std::vector<Case> read_cases(const std::string& file);

}  // namespace portcullis::sql::testing
