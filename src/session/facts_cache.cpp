#include "session/facts_cache.hpp"

#include <utility>

namespace portcullis::session {

Analysis FactsCache::find(std::string_view text) {
  if (const auto found = young_.find(text); found != young_.end()) return found->second;
  const auto found = old_.find(text);
  if (found == old_.end()) return nullptr;
  Analysis analysis = found->second;
  young_.insert(old_.extract(found));
  return analysis;
}

Analysis FactsCache::analyze(std::string_view text) {
  if (auto found = find(text)) return found;
  auto analysis = std::make_shared<const base::Result<sql::Facts>>(sql::analyze(text, limits_));
  if (text.size() <= kMaxText) {
    if (young_.size() >= kMaxEntries) old_ = std::exchange(young_, {});
    young_.emplace(std::string(text), analysis);
  }
  return analysis;
}

}  // namespace portcullis::session
