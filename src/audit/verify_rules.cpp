#include "audit/verify_rules.hpp"

#include <algorithm>
#include <utility>

#include "audit/key_tree.hpp"

namespace portcullis::audit {
namespace {

// Threads draw the time before they queue: entries may stand a little out of the order of their times.
constexpr std::int64_t kToleratedStepMicros = 5'000'000;
// 24 bytes each, and as much for those that are gone. An outcome that comes after more allowed decisions than
// this is taken as it is.
constexpr std::size_t kMaxWaiting = 50'000;
constexpr std::size_t kSomeGone = 64;

}  // namespace

void EntryRules::see(const EntryFacts& entry) {
  if (cut_ != Cut::none) see_cut(entry);
  const bool was_running = phase_ == Phase::running;
  see_lifecycle(entry);
  if (was_running && cut_ == Cut::none) see_silence(entry);
  see_time(entry, was_running);
  see_policy(entry);
  see_config(entry);
  if (entry.type == EntryType::decision) see_counter(entry);
  if (entry.type == EntryType::decision) see_decision(entry);
  if (entry.type == EntryType::outcome) see_outcome(entry);
  see_sealed(entry);
}

// Which start the first entry belongs to shows in the second one: the one that goes on, unless it is an
// `open`.
void EntryRules::see_cut(const EntryFacts& entry) {
  if (entry.type == EntryType::open) {
    cut_ = Cut::none;
  } else if (cut_ == Cut::second) {
    cut_ = Cut::running;
    phase_ = Phase::running;
    boot_ = std::exchange(segment_boot_, std::nullopt).value_or(std::string());
  } else if (cut_ == Cut::first) {
    cut_ = Cut::second;
    known_from_ = entry.index;
  }
}

void EntryRules::see_lifecycle(const EntryFacts& entry) {
  const auto wrong = [&](std::string message) {
    report_(VerifyResult::tampered, "order", std::move(message));
  };
  if (entry.type == EntryType::segment) {
    if (phase_ != Phase::running) {
      segment_boot_ = entry.declaration->boot;
    } else if (entry.declaration->boot != boot_) {
      wrong("a segment of another boot");
    }
    return;
  }
  if (entry.type == EntryType::recovered) {
    phase_ = Phase::recovered;
    return drop_waiting();
  }
  if (entry.type == EntryType::open) {
    if (phase_ == Phase::running) wrong("\"open\" without \"close\" or \"recovered\" before it");
    phase_ = Phase::running;
    boot_ = entry.declaration->boot;
    if (std::exchange(segment_boot_, std::nullopt).value_or(boot_) != boot_)
      wrong("the boot is not that of the segment which begins with it");
    heartbeat_ = entry.declaration->heartbeat * 1'000;
    counters_.clear();
    policies_.clear();
    return drop_waiting();
  }
  if (phase_ != Phase::running) wrong("an entry before \"open\"");
  if (entry.type == EntryType::close) phase_ = Phase::closed;
}

// Silence is no proof of a change: a machine that was asleep is silent, too, and a log whose disk is full.
void EntryRules::see_silence(const EntryFacts& entry) {
  const bool is_of_boot = entry.type != EntryType::open && entry.type != EntryType::recovered;
  const std::int64_t silent = entry.micros - latest_;
  if (!is_of_boot || silent <= heartbeat_ + kToleratedStepMicros) return;
  report_(VerifyResult::incomplete, "silence",
          "nothing was recorded for " + std::to_string(silent / 1'000'000) +
              " s, and a heartbeat was due: the machine slept, its clock was set, its disk was full, or "
              "the gate did not record");
}

void EntryRules::see_time(const EntryFacts& entry, bool was_running) {
  const bool new_boot = !was_running || entry.type == EntryType::open || entry.type == EntryType::recovered;
  if (!new_boot && entry.micros < latest_ - kToleratedStepMicros) {
    report_(VerifyResult::incomplete, "time",
            "the time goes back by " + std::to_string((latest_ - entry.micros) / 1'000'000) +
                " s: the clock was set, or the entries do not say the truth about it");
    latest_ = entry.micros;
  }
  latest_ = new_boot ? entry.micros : std::max(latest_, entry.micros);
}

// Every decision can be made again, by the policy that it was made by.
void EntryRules::see_policy(const EntryFacts& entry) {
  const auto wrong = [&](std::string message) {
    report_(VerifyResult::tampered, "policy", std::move(message));
  };
  if (entry.type == EntryType::policy) {
    if (!entry.declaration->hash_holds) wrong("\"hash\" is not that of the policy's bytes");
    policies_.insert(entry.declaration->hash);
  } else if (entry.type == EntryType::decision) {
    if (cut_ == Cut::none && !entry.policy.empty() && !policies_.contains(entry.policy))
      wrong("it was made by the policy " + std::string(entry.policy) +
            ", which did not come into force since the start");
  }
}

void EntryRules::see_config(const EntryFacts& entry) {
  if (entry.type != EntryType::config || entry.declaration->hash_holds) return;
  report_(VerifyResult::tampered, "config", "\"hash\" is not that of the configuration's bytes");
}

// Whoever leaves out a decision must count those behind it anew.
void EntryRules::see_counter(const EntryFacts& entry) {
  auto counter = counters_.find(entry.agent);
  const bool is_first = counter == counters_.end();
  // Of the start that began before what is left, the first one says where the agent is.
  const std::uint64_t before = cut_ == Cut::none ? 0 : entry.agent_seq - 1;
  if (is_first) counter = counters_.emplace(entry.agent, before).first;
  const std::uint64_t due = ++counter->second, told = entry.agent_seq;
  if (told == due) return;
  report_(VerifyResult::tampered, "counters",
          "decision " + std::to_string(told) + " of agent \"" + std::string(entry.agent) +
              "\" stands where its decision " + std::to_string(due) + " must");
  counter->second = told;
}

void EntryRules::see_decision(const EntryFacts& entry) {
  if (!entry.is_forwarded) return;
  waiting_.push_back({entry.index, entry.session, entry.is_bind, !entry.is_parse, false});
  unresolved_ += waiting_.back().unresolved ? 1 : 0;
  if (waiting_.size() - gone_ <= kMaxWaiting) return;
  known_from_ = waiting_.front().index + 1;
  drop(waiting_.front());
}

void EntryRules::see_outcome(const EntryFacts& entry) {
  Waiting* const decision = waiting_for(entry.decision);
  if (decision == nullptr && entry.decision < known_from_) return;
  if (decision == nullptr || decision->session != entry.session) {
    report_(VerifyResult::tampered, "pairs",
            "the outcome of entry " + std::to_string(entry.decision) +
                ", which is no allowed decision of this session, or has its final outcome already");
    return;
  }
  unresolved_ -= std::exchange(decision->unresolved, false) ? 1 : 0;
  if (!decision->repeats && !entry.is_suspended) drop(*decision);
}

EntryRules::Waiting* EntryRules::waiting_for(std::uint64_t index) {
  // Nearly always one of the last few.
  auto found = waiting_.end();
  for (int near = 0; near < 8 && found != waiting_.begin() && (found - 1)->index >= index; ++near) --found;
  if (found != waiting_.begin() && (found - 1)->index >= index) {
    found = std::lower_bound(waiting_.begin(), found, index,
                             [](const Waiting& one, std::uint64_t sought) { return one.index < sought; });
  }
  return found == waiting_.end() || found->index != index || found->is_gone ? nullptr : &*found;
}

void EntryRules::drop(Waiting& waiting) {
  waiting.is_gone = true;
  ++gone_;
  for (; !waiting_.empty() && waiting_.front().is_gone; --gone_) waiting_.pop_front();
  for (; !waiting_.empty() && waiting_.back().is_gone; --gone_) waiting_.pop_back();
  if (gone_ < kSomeGone || 2 * gone_ < waiting_.size()) return;
  std::erase_if(waiting_, [](const Waiting& one) { return one.is_gone; });
  gone_ = 0;
}

// The keys were there before the entry was.
void EntryRules::see_sealed(const EntryFacts& entry) {
  if (!entry.is_sealed || (entry.epoch <= entry.index && entry.slot < kSlots)) return;
  report_(VerifyResult::tampered, "sealed",
          "it is sealed under slot " + std::to_string(entry.slot) + " of epoch " +
              std::to_string(entry.epoch) + ", which no entry " + std::to_string(entry.index) + " can have");
}

// Session numbers begin again at each start, and a statement of before has no outcome any more.
void EntryRules::drop_waiting() {
  waiting_.clear();
  gone_ = 0;
  known_from_ = 0;
}

}  // namespace portcullis::audit
