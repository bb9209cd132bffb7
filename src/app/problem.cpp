#include "app/problem.hpp"

namespace portcullis::app {

std::string to_text(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    text += problem.file + ":";
    if (problem.line > 0) text += std::to_string(problem.line) + ":";
    if (problem.column > 0) text += std::to_string(problem.column) + ":";
    text += " " + problem.message + "\n";
  }
  return text;
}

}  // namespace portcullis::app
