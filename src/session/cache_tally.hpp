// How often what was asked of the caches was there. Each cache counts for itself, on its own thread, and adds
// what it has counted here when it ends.
#pragma once

#include <cstdint>
#include <string>

namespace portcullis::session {

struct CacheCounts {
  std::uint64_t texts = 0, texts_found = 0;        // of each worker: FactsCache
  std::uint64_t verdicts = 0, verdicts_found = 0;  // of each session: guard::VerdictCache
};

// Both from any thread; of all caches of the process that have ended.
void add_cache_counts(const CacheCounts& counts) noexcept;
[[nodiscard]] CacheCounts cache_counts() noexcept;

// "caches: 970 of 1000 texts (97%) and 960 of 1030 verdicts (93%) were there", a line of the gate's log.
// Empty where nothing was asked.
[[nodiscard]] std::string to_text(const CacheCounts& counts);

}  // namespace portcullis::session
