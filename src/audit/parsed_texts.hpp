// The texts of statements that were parsed once and are run again and again.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

#include "audit/log_search.hpp"

namespace portcullis::audit {

class Unsealer;

// Those met last are kept; others are read again from the log.
class ParsedTexts {
 public:
  // Both must outlive it. Texts that are sealed are as statement_text() has them.
  explicit ParsedTexts(const LogSearch& log, Unsealer* keys = nullptr) : log_(log), keys_(keys) {}
  void remember(std::uint64_t index, const std::string& text);
  // Empty where the log has no such decision, or not its text. 58030 when it cannot be read.
  [[nodiscard]] base::Result<std::string> of(std::uint64_t index);

 private:
  const LogSearch& log_;
  Unsealer* const keys_;
  std::unordered_map<std::uint64_t, std::string> texts_;
  std::deque<std::uint64_t> order_;
  std::size_t bytes_ = 0;
};

}  // namespace portcullis::audit
