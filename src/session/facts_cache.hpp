// Facts by text, for one thread. Bounded; long texts are never kept. Texts that differ in numbers alone which
// decide nothing (sql::StatementFacts::free_digits) share theirs: most clients write their values into the
// text, and no two of those are the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"
#include "session/two_generations.hpp"
#include "sql/analyze.hpp"

namespace portcullis::session {

// An analysis, good or bad, shared with whoever still uses it. Of a text with the same facts: it holds
// nothing of the text itself but what both have.
using Analysis = std::shared_ptr<const base::Result<sql::Facts>>;

class FactsCache {
 public:
  explicit FactsCache(sql::AnalysisLimits limits = {}) : limits_(limits) {}
  // Adds what was found to session/cache_tally.hpp.
  ~FactsCache();
  FactsCache(const FactsCache&) = delete;
  FactsCache& operator=(const FactsCache&) = delete;

  // From the cache or by analysing here and now. The calling thread must be one that may parse
  // (sql/analyze.hpp).
  [[nodiscard]] Analysis analyze(std::string_view text);
  // Null when it is not in the cache.
  [[nodiscard]] Analysis find(std::string_view text);
  [[nodiscard]] const sql::AnalysisLimits& limits() const noexcept { return limits_; }

 private:
  using Places = std::shared_ptr<const std::vector<sql::Digits>>;
  struct Entry {
    Analysis analysis;
    Places places;  // of the digits that were masked in its key; null for none
  };

  [[nodiscard]] Analysis find_alike(std::string_view text);
  void keep(std::string_view text, const Analysis& analysis);

  static constexpr std::size_t kMaxText = 8 * 1024;
  static constexpr std::size_t kMaxEntries = 1'000;

  sql::AnalysisLimits limits_;
  // The places by the text with all digits masked that may be free ones; then the entry by the text with
  // those masked that are.
  TwoGenerations<Places> places_{kMaxEntries};
  TwoGenerations<Entry> entries_{kMaxEntries};
  std::string masked_;  // a key that is looked up: its memory is used again
  std::uint64_t asked_ = 0, found_ = 0;
};

}  // namespace portcullis::session
