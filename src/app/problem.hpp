// One thing wrong with a file that the gate reads at start, with where it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace portcullis::app {

struct Problem {
  std::string file;
  std::uint32_t line = 0, column = 0;  // from 1; 0 where the file as a whole is meant
  std::string message;                 // what is wrong and what to write instead
  friend bool operator==(const Problem&, const Problem&) = default;
};

// "FILE:LINE:COLUMN: message", one a line.
[[nodiscard]] std::string to_text(const std::vector<Problem>& problems);

}  // namespace portcullis::app
