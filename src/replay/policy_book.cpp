#include "replay/policy_book.hpp"

#include <utility>

namespace portcullis::replay {

void PolicyBook::take(const audit::EntryReader& entry) {
  const std::string hash = entry.text("hash");
  if (policies_.contains(hash)) return;
  auto loaded = policy::PolicySet::load(entry.text("bytes"));
  if (loaded.policy && loaded.policy->hash() == hash)
    policies_.emplace(hash, std::make_shared<const policy::PolicySet>(*std::move(loaded.policy)));
}

const policy::PolicySet* PolicyBook::find(std::string_view hash) const {
  const auto found = policies_.find(hash);
  return found == policies_.end() ? nullptr : found->second.get();
}

}  // namespace portcullis::replay
