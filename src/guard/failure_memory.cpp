#include "guard/failure_memory.hpp"

#include <algorithm>

namespace portcullis::guard {

using std::chrono::microseconds;

// PostgreSQL manual, appendix A, classes 08, 40 and 57.
bool FailureMemory::counts(base::SqlState code) noexcept {
  const auto text = code.view();
  return !text.starts_with("40") && !text.starts_with("57P") && !text.starts_with("08") && text != "25P02";
}

void FailureMemory::failed(std::uint64_t statement, base::SqlState code, Time now, std::uint32_t most) {
  if (!counts(code)) return;
  if (const auto known = by_statement_.find(statement); known != by_statement_.end()) {
    entries_.splice(entries_.end(), entries_, known->second);
  } else {
    if (entries_.size() >= kMostStatements) {
      by_statement_.erase(entries_.front().statement);
      entries_.pop_front();
    }
    by_statement_[statement] = entries_.insert(entries_.end(), Entry{statement, {}, code});
  }
  auto& entry = entries_.back();
  entry.last = code;
  entry.times.push_back(entry.times.empty() ? now : std::max(now, entry.times.back()));
  const std::size_t keep = std::max<std::uint32_t>(most, 1);
  if (entry.times.size() > keep)
    entry.times.erase(entry.times.begin(), entry.times.end() - static_cast<std::ptrdiff_t>(keep));
}

void FailureMemory::succeeded(std::uint64_t statement) {
  const auto known = by_statement_.find(statement);
  if (known == by_statement_.end()) return;
  entries_.erase(known->second);
  by_statement_.erase(known);
}

std::optional<FailureMemory::Block> FailureMemory::blocks(std::uint64_t statement,
                                                          std::span<const policy::Rate> rates,
                                                          Time now) const {
  const auto known = by_statement_.find(statement);
  if (known == by_statement_.end()) return std::nullopt;
  const Entry& entry = *known->second;
  std::optional<Block> longest;
  for (const auto& rate : rates) {
    if (entry.times.size() < rate.count) continue;
    const Time until = entry.times[entry.times.size() - rate.count] + rate.window;
    if (until <= now) continue;
    const auto wait = std::chrono::ceil<microseconds>(until - now);
    if (!longest || wait > longest->wait) longest = Block{&rate, entry.last, wait};
  }
  return longest;
}

}  // namespace portcullis::guard
