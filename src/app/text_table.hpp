// Columns for people, and texts of others made safe for a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portcullis::app {

// Names and messages hold what somebody else wrote: nothing of it may drive the terminal of who reads. Every
// control character becomes "?".
[[nodiscard]] std::string printable(std::string_view text);

// Two blanks in front of each column, nothing behind the last. All rows have as many cells as the first.
[[nodiscard]] std::string to_table(const std::vector<std::vector<std::string>>& rows);

// "a, b, c".
[[nodiscard]] std::string joined(const std::vector<std::string>& items);

}  // namespace portcullis::app
