// Facts by exact text, for one thread. Bounded; long texts are never kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "portcullis/base/result.hpp"
#include "sql/analyze.hpp"

namespace portcullis::session {

// An analysis, good or bad, shared with whoever still uses it.
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
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Map = std::unordered_map<std::string, Analysis, Hash, std::equal_to<>>;

  static constexpr std::size_t kMaxText = 8 * 1024;
  static constexpr std::size_t kMaxEntries = 1'000;

  sql::AnalysisLimits limits_;
  // Two generations: when the young one is full the old one goes. What is used moves to the young one.
  Map young_, old_;
  std::uint64_t asked_ = 0, found_ = 0;
};

}  // namespace portcullis::session
