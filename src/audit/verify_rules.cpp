#include "audit/verify_rules.hpp"

#include <algorithm>
#include <utility>

#include "audit/format.hpp"
#include "audit/key_tree.hpp"

namespace portcullis::audit {
namespace {

// Threads draw the time before they queue: entries may stand a little out of the order of their times.
constexpr std::int64_t kToleratedStepMicros = 5'000'000;
// About 80 bytes each. An outcome that comes after more allowed decisions than this is taken as it is.
constexpr std::size_t kMaxWaiting = 50'000;

std::uint64_t count(const EntryReader& entry, std::string_view key) {
  return static_cast<std::uint64_t>(entry.number(key).value_or(0));
}

}  // namespace

void EntryRules::see(const EntryReader& entry) {
  const bool was_running = phase_ == Phase::running;
  see_lifecycle(entry);
  if (was_running) see_silence(entry);
  see_time(entry, was_running);
  see_policy(entry);
  see_config(entry);
  if (entry.type() == EntryType::decision) see_counter(entry);
  if (entry.type() == EntryType::decision) see_decision(entry);
  if (entry.type() == EntryType::outcome) see_outcome(entry);
  see_sealed(entry);
}

void EntryRules::see_lifecycle(const EntryReader& entry) {
  const auto wrong = [&](std::string message) {
    report_(VerifyResult::tampered, "order", std::move(message));
  };
  if (entry.type() == EntryType::segment) {
    if (phase_ != Phase::running) {
      segment_boot_ = entry.text("boot");
    } else if (entry.text("boot") != boot_) {
      wrong("a segment of another boot");
    }
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
    if (std::exchange(segment_boot_, std::nullopt).value_or(boot_) != boot_)
      wrong("the boot is not that of the segment which begins with it");
    heartbeat_ = entry.number("heartbeat").value_or(0) * 1'000;
    counters_.clear();
    policies_.clear();
    return drop_waiting();
  }
  if (phase_ != Phase::running) wrong("an entry before \"open\"");
  if (entry.type() == EntryType::close) phase_ = Phase::closed;
}

// Silence is no proof of a change: a machine that was asleep is silent, too, and a log whose disk is full.
void EntryRules::see_silence(const EntryReader& entry) {
  const bool is_of_boot = entry.type() != EntryType::open && entry.type() != EntryType::recovered;
  const std::int64_t silent = entry.micros() - latest_;
  if (!is_of_boot || silent <= heartbeat_ + kToleratedStepMicros) return;
  report_(VerifyResult::incomplete, "silence",
          "nothing was recorded for " + std::to_string(silent / 1'000'000) +
              " s, and a heartbeat was due: the machine slept, its clock was set, its disk was full, or "
              "the gate did not record");
}

void EntryRules::see_time(const EntryReader& entry, bool was_running) {
  const bool new_boot =
      !was_running || entry.type() == EntryType::open || entry.type() == EntryType::recovered;
  if (!new_boot && entry.micros() < latest_ - kToleratedStepMicros) {
    report_(VerifyResult::incomplete, "time",
            "the time goes back by " + std::to_string((latest_ - entry.micros()) / 1'000'000) +
                " s: the clock was set, or the entries do not say the truth about it");
    latest_ = entry.micros();
  }
  latest_ = new_boot ? entry.micros() : std::max(latest_, entry.micros());
}

// Every decision can be made again, by the policy that it was made by.
void EntryRules::see_policy(const EntryReader& entry) {
  const auto wrong = [&](std::string message) {
    report_(VerifyResult::tampered, "policy", std::move(message));
  };
  if (entry.type() == EntryType::policy) {
    const std::string hash = entry.text("hash");
    if (sha256_hex(entry.text("bytes")) != hash) wrong("\"hash\" is not that of the policy's bytes");
    policies_.insert(hash);
  } else if (entry.type() == EntryType::decision) {
    const std::string hash = entry.text("policy");
    if (!hash.empty() && !policies_.contains(hash))
      wrong("it was made by the policy " + hash + ", which did not come into force since the start");
  }
}

void EntryRules::see_config(const EntryReader& entry) {
  if (entry.type() != EntryType::config || sha256_hex(entry.text("bytes")) == entry.text("hash")) return;
  report_(VerifyResult::tampered, "config", "\"hash\" is not that of the configuration's bytes");
}

// Whoever leaves out a decision must count those behind it anew.
void EntryRules::see_counter(const EntryReader& entry) {
  const std::string agent = entry.text("agent");
  const std::uint64_t due = ++counters_[agent], told = count(entry, "agent_seq");
  if (told == due) return;
  report_(VerifyResult::tampered, "counters",
          "decision " + std::to_string(told) + " of agent \"" + agent + "\" stands where its decision " +
              std::to_string(due) + " must");
  counters_[agent] = told;
}

void EntryRules::see_decision(const EntryReader& entry) {
  if (!is_forwarded(entry.text("verdict"))) return;
  const std::string message = entry.text("message");
  const Waiting waiting{count(entry, "session"), message == "Bind", message != "Parse"};
  waiting_.emplace_hint(waiting_.end(), entry.index(), waiting);
  unresolved_ += waiting.unresolved ? 1 : 0;
  if (waiting_.size() <= kMaxWaiting) return;
  known_from_ = waiting_.begin()->first + 1;
  waiting_.erase(waiting_.begin());
}

void EntryRules::see_outcome(const EntryReader& entry) {
  const std::uint64_t decision = count(entry, "decision");
  const auto found = waiting_.find(decision);
  if (found == waiting_.end() && decision < known_from_) return;
  if (found == waiting_.end() || found->second.session != count(entry, "session")) {
    report_(VerifyResult::tampered, "pairs",
            "the outcome of entry " + std::to_string(decision) +
                ", which is no allowed decision of this session, or has its final outcome already");
    return;
  }
  unresolved_ -= std::exchange(found->second.unresolved, false) ? 1 : 0;
  if (!found->second.repeats && entry.text("result") != "suspended") waiting_.erase(found);
}

// The keys were there before the entry was.
void EntryRules::see_sealed(const EntryReader& entry) {
  const auto sealed = entry.sealed();
  if (!sealed || (sealed->epoch <= entry.index() && sealed->slot < kSlots)) return;
  report_(VerifyResult::tampered, "sealed",
          "it is sealed under slot " + std::to_string(sealed->slot) + " of epoch " +
              std::to_string(sealed->epoch) + ", which no entry " + std::to_string(entry.index()) +
              " can have");
}

// Session numbers begin again at each start, and a statement of before has no outcome any more.
void EntryRules::drop_waiting() {
  waiting_.clear();
  known_from_ = 0;
}

}  // namespace portcullis::audit
