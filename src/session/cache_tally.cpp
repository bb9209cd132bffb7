#include "session/cache_tally.hpp"

#include <atomic>

namespace portcullis::session {
namespace {

struct Tally {
  std::atomic<std::uint64_t> texts{0}, texts_found{0}, verdicts{0}, verdicts_found{0};
};
constinit Tally tally;

std::string part_of(std::uint64_t found, std::uint64_t asked, const char* what) {
  const std::uint64_t percent = asked == 0 ? 0 : found * 100 / asked;
  return std::to_string(found) + " of " + std::to_string(asked) + what + std::to_string(percent) + "%)";
}

}  // namespace

void add_cache_counts(const CacheCounts& counts) noexcept {
  tally.texts += counts.texts;
  tally.texts_found += counts.texts_found;
  tally.verdicts += counts.verdicts;
  tally.verdicts_found += counts.verdicts_found;
}

CacheCounts cache_counts() noexcept {
  return {tally.texts, tally.texts_found, tally.verdicts, tally.verdicts_found};
}

std::string to_text(const CacheCounts& counts) {
  if (counts.texts == 0 && counts.verdicts == 0) return {};
  return "caches: " + part_of(counts.texts_found, counts.texts, " texts (") + " and " +
         part_of(counts.verdicts_found, counts.verdicts, " verdicts (") + " were there";
}

}  // namespace portcullis::session
