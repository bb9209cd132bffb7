#include "shadow/work.hpp"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace portcullis::shadow {
namespace {

// A quarter to a half of what was measured on a table of 149 MiB in a million rows with three indexes, on a
// disk that others share: read in 0.07 to 0.4 s, written anew with its indexes in 2.2 to 4.1 s, a further
// index built in 0.9 to 3.3 s. So they err towards the longer.
constexpr double kMb = 1e6;
constexpr double kReading = 200 * kMb;
constexpr double kWriting = 30 * kMb;
constexpr double kReindexing = 15 * kMb;  // of the index, which is smaller than what it sorts
constexpr double kIndexing = 40 * kMb;    // of the table

double time_of(std::uint64_t bytes, double rate) noexcept {
  return static_cast<double>(bytes) / rate;
}

}  // namespace

double seconds_of(const Work& work) noexcept {
  return time_of(work.read, kReading) + time_of(work.written, kWriting) +
         time_of(work.reindexed, kReindexing) + time_of(work.indexed, kIndexing);
}

std::string in_words(const Work& work) {
  std::vector<std::string> parts;
  const auto part = [&](const char* before, std::uint64_t bytes, const char* behind) {
    if (bytes > 0) parts.push_back(before + bytes_in_words(bytes) + behind);
  };
  part("reads ", work.read, "");
  part("writes ", work.written, " anew");
  part("builds ", work.reindexed, " of indexes again");
  part("builds an index over ", work.indexed, "");
  if (parts.empty()) return "changes the catalog only";
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " and " : ", ";
    text += parts[i];
  }
  return text;
}

std::string bytes_in_words(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{" bytes", " KiB", " MiB", " GiB", " TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1'024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1'024;
  return std::to_string(bytes) + std::string(kUnits[unit]);
}

}  // namespace portcullis::shadow
