// Which statements of one agent failed lately, and how often: what breaks a loop of an agent that sends the
// same broken statement again and again.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "policy/limits.hpp"
#include "portcullis/base/error.hpp"

namespace portcullis::guard {

class FailureMemory {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMostStatements = 1'000;

  // Whether the error speaks against the statement. One that PostgreSQL asks to try again (class 40:
  // deadlock, serialization), that an earlier statement caused (25P02) or a server that goes away (57P01 and
  // its like) does not. A timeout (57014) does.
  [[nodiscard]] static bool counts(base::SqlState code) noexcept;

  // The statement failed. The latest `most` times are kept, at least one. Of more than kMostStatements the
  // one whose last failure is longest ago is forgotten.
  void failed(std::uint64_t statement, base::SqlState code, Time now, std::uint32_t most);
  void succeeded(std::uint64_t statement);

  struct Block {
    const policy::Rate* rate = nullptr;  // one of those given
    base::SqlState last;                 // what its last failure said
    std::chrono::microseconds wait{};    // until it may be tried again, more than zero
  };
  // The rate that holds the statement back longest; nothing when none does. Of N in a window, N failures hold
  // it back until the first of them is a window ago.
  [[nodiscard]] std::optional<Block> blocks(std::uint64_t statement, std::span<const policy::Rate> rates,
                                            Time now) const;

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t statement = 0;
    std::vector<Time> times;  // rising
    base::SqlState last;
  };
  std::list<Entry> entries_;  // by their last failure, the oldest first
  std::unordered_map<std::uint64_t, std::list<Entry>::iterator> by_statement_;
};

}  // namespace portcullis::guard
