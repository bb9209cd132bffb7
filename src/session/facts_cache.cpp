#include "session/facts_cache.hpp"

#include <utility>

#include "session/cache_tally.hpp"

namespace portcullis::session {

FactsCache::~FactsCache() {
  add_cache_counts({.texts = asked_, .texts_found = found_});
}

Analysis FactsCache::find(std::string_view text) {
  if (const auto found = young_.find(text); found != young_.end()) return found->second;
  const auto found = old_.find(text);
  if (found == old_.end()) return nullptr;
  Analysis analysis = found->second;
  young_.insert(old_.extract(found));
  return analysis;
}

Analysis FactsCache::analyze(std::string_view text) {
  ++asked_;
  if (auto found = find(text)) {
    ++found_;
    return found;
  }
  auto analysis = std::make_shared<const base::Result<sql::Facts>>(sql::analyze(text, limits_));
  if (text.size() <= kMaxText) {
    if (young_.size() >= kMaxEntries) old_ = std::exchange(young_, {});
    young_.emplace(std::string(text), analysis);
  }
  return analysis;
}

}  // namespace portcullis::session
