#include "audit/verify_rules.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace portcullis::audit {
namespace {

// Threads draw the time before they queue: entries may stand a little out of the order of their times.
constexpr std::int64_t kToleratedStepMicros = 5'000'000;
// About 80 bytes each.
constexpr std::size_t kMaxWaiting = 1'000'000;

std::uint64_t count(const EntryReader& entry, std::string_view key) {
  return static_cast<std::uint64_t>(entry.number(key).value_or(0));
}

}  // namespace

void EntryRules::see(const EntryReader& entry) {
  see_lifecycle(entry);
  see_time(entry);
  if (entry.type() == EntryType::decision) see_decision(entry);
  if (entry.type() == EntryType::outcome) see_outcome(entry);
  if (entry.type() == EntryType::session) see_session(entry);
}

void EntryRules::see_lifecycle(const EntryReader& entry) {
  const auto wrong = [&](std::string message) { report_(VerifyResult::tampered, "order", std::move(message)); };
  if (entry.type() == EntryType::segment) {
    if (phase_ == Phase::running && entry.text("boot") != boot_) wrong("a segment of another boot");
    return;
  }
  if (entry.type() == EntryType::recovered) {
    phase_ = Phase::recovered;
    return drop_waiting();
  }
  if (entry.type() == EntryType::open) {
    if (phase_ == Phase::running) wrong("\"open\" without \"close\" or \"recovered\" before it");
    phase_ = Phase::running;
    boot_ = entry.text("boot");
    return drop_waiting();
  }
  if (phase_ != Phase::running) wrong("an entry before \"open\"");
  if (entry.type() == EntryType::close) phase_ = Phase::closed;
}

void EntryRules::see_time(const EntryReader& entry) {
  const bool new_boot = entry.type() == EntryType::open || entry.type() == EntryType::recovered;
  if (!new_boot && entry.micros() < latest_ - kToleratedStepMicros) {
    report_(VerifyResult::incomplete, "time",
            "the time goes back by " + std::to_string((latest_ - entry.micros()) / 1'000'000) +
                " s: the clock was set, or the entries do not say the truth about it");
    latest_ = entry.micros();
  }
  latest_ = new_boot ? entry.micros() : std::max(latest_, entry.micros());
}

void EntryRules::see_decision(const EntryReader& entry) {
  if (entry.text("verdict") != "allow") return;
  const std::string message = entry.text("message");
  const Waiting waiting{message != "Parse" && message != "Bind"};
  if (waiting_count_ >= kMaxWaiting) {
    unresolved_ += waiting.required ? 1 : 0;
    forgot_ = true;
    return;
  }
  waiting_[count(entry, "session")].emplace(entry.index(), waiting);
  ++waiting_count_;
  required_ += waiting.required ? 1 : 0;
}

void EntryRules::see_outcome(const EntryReader& entry) {
  const std::uint64_t decision = count(entry, "decision");
  const auto session = waiting_.find(count(entry, "session"));
  const auto found = session == waiting_.end() ? Session::iterator{} : session->second.find(decision);
  if (session == waiting_.end() || found == session->second.end()) {
    const auto severity = forgot_ ? VerifyResult::incomplete : VerifyResult::tampered;
    report_(severity, forgot_ ? "memory" : "pairs",
            "the outcome of entry " + std::to_string(decision) +
                ", which is no allowed decision of this session, or has its final outcome already");
    return;
  }
  if (entry.text("result") == "suspended") return;
  erase(session->second, found);
  forget_optional(session->second, decision);
  if (session->second.empty()) waiting_.erase(session);
}

void EntryRules::see_session(const EntryReader& entry) {
  if (entry.text("event") != "end") return;
  const auto session = waiting_.find(count(entry, "session"));
  if (session == waiting_.end()) return;
  forget_optional(session->second, UINT64_MAX);
  if (session->second.empty()) waiting_.erase(session);
}

// Replies come in the order of the requests: a Parse or Bind older than an outcome will have none any more.
void EntryRules::forget_optional(Session& session, std::uint64_t before) {
  for (auto at = session.begin(); at != session.end() && at->first < before;) {
    const auto next = std::next(at);
    if (!at->second.required) erase(session, at);
    at = next;
  }
}

void EntryRules::erase(Session& session, Session::iterator at) {
  required_ -= at->second.required ? 1 : 0;
  --waiting_count_;
  session.erase(at);
}

// Session numbers begin again at each start.
void EntryRules::drop_waiting() {
  unresolved_ += std::exchange(required_, 0);
  waiting_.clear();
  waiting_count_ = 0;
  forgot_ = false;
}

}  // namespace portcullis::audit
