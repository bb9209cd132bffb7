#include "policy/suggest.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace portcullis::policy {
namespace {

constexpr std::size_t kLongestWord = 64;  // nothing known is longer, and the work grows with the square

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Levenshtein's distance without regard to case.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

}  // namespace

std::string did_you_mean(std::string_view written, const std::vector<std::string>& known,
                         std::string_view otherwise) {
  const std::string* nearest = nullptr;
  std::size_t best = std::max<std::size_t>(written.size() / 3, 2) + 1;
  if (written.size() <= kLongestWord) {
    for (const auto& word : known) {
      const auto difference =
          word.size() > written.size() ? word.size() - written.size() : written.size() - word.size();
      if (difference >= best) continue;
      const std::size_t found = distance(written, word);
      if (found < best) {
        best = found;
        nearest = &word;
      }
    }
  }
  if (nearest == nullptr) return std::string(otherwise);
  return ": did you mean \"" + *nearest + "\"?";
}

}  // namespace portcullis::policy
