// Which decisions were given on and may still have an outcome, for who wants the outcomes along with them.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "audit/entry_reader.hpp"

namespace portcullis::audit {

class OwedOutcomes {
 public:
  static constexpr std::size_t kMost = 200'000;

  // Of a decision that was given on.
  void expect(const EntryReader& decision);
  // Whether an outcome is of such a decision; the final one of most is the last.
  [[nodiscard]] bool has(std::uint64_t decision) const { return owed_.contains(decision); }
  void take(const EntryReader& outcome);
  void end_session(std::uint64_t session);
  void end_start();
  [[nodiscard]] bool is_empty() const { return owed_.empty(); }
  // How many were forgotten that might have had one.
  [[nodiscard]] std::uint64_t forgotten() const noexcept { return forgotten_; }

 private:
  std::map<std::uint64_t, bool> owed_;  // by index; whether more than one may come
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> by_session_;
  std::uint64_t forgotten_ = 0;
};

}  // namespace portcullis::audit
