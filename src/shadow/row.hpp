// Rows as the server's text protocol gives them, and how numbers and truths are read off them.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace portcullis::shadow {

using Oid = std::uint32_t;
using Row = std::vector<std::optional<std::string>>;

// False where there is no such field or no whole number of that range in it.
template <class Number>
[[nodiscard]] bool read_number(const Row& row, std::size_t field, Number& value) {
  if (field >= row.size() || !row[field]) return false;
  const std::string& text = *row[field];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

// False where there is neither "t" nor "f".
[[nodiscard]] inline bool read_truth(const Row& row, std::size_t field, bool& truth) {
  if (field >= row.size()) return false;
  truth = row[field] == "t";
  return truth || row[field] == "f";
}

}  // namespace portcullis::shadow
