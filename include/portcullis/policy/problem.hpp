// One thing wrong with a file, with where it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::policy {

// Lines and columns (characters) count from 1.
struct Problem {
  std::uint32_t line = 0, column = 0;
  std::string message;  // what is wrong and what to write instead
  friend bool operator==(const Problem&, const Problem&) = default;
};
// "FILE:LINE:COLUMN: message", one a line.
[[nodiscard]] std::string to_text(const std::vector<Problem>& problems, std::string_view file);

}  // namespace portcullis::policy
