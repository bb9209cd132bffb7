#include "audit/owed_outcomes.hpp"

#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

std::uint64_t count(const EntryReader& entry, std::string_view key) {
  return static_cast<std::uint64_t>(entry.number(key).value_or(0));
}

}  // namespace

void OwedOutcomes::expect(const EntryReader& decision) {
  if (!is_forwarded(decision.text("verdict"))) return;
  const std::string message = decision.text("message");
  const bool is_open_ended = message == "Bind" || message == "Parse";
  owed_.emplace_hint(owed_.end(), decision.index(), is_open_ended);
  if (is_open_ended) {
    auto& indexes = by_session_[count(decision, "session")];
    indexes.push_back(decision.index());
    if (indexes.size() > 2 * kMost) std::erase_if(indexes, [this](std::uint64_t one) { return !has(one); });
  }
  if (owed_.size() <= kMost) return;
  owed_.erase(owed_.begin());
  ++forgotten_;
}

void OwedOutcomes::take(const EntryReader& outcome) {
  const auto found = owed_.find(count(outcome, "decision"));
  if (found == owed_.end() || found->second || outcome.text("result") == "suspended") return;
  owed_.erase(found);
}

void OwedOutcomes::end_session(std::uint64_t session) {
  const auto found = by_session_.find(session);
  if (found == by_session_.end()) return;
  for (const std::uint64_t index : found->second) owed_.erase(index);
  by_session_.erase(found);
}

void OwedOutcomes::end_start() {
  owed_.clear();
  by_session_.clear();
}

}  // namespace portcullis::audit
