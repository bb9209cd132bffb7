#include "replay/pace.hpp"

#include <algorithm>
#include <chrono>

namespace portcullis::replay {
namespace {

using audit::EntryReader;
using audit::EntryType;
using policy::Rate;

std::int64_t micros_of(const Rate& rate) {
  return std::chrono::duration_cast<std::chrono::microseconds>(rate.window).count();
}

// COMMIT and ROLLBACK count too: at most it is more.
std::uint64_t statements_in(const EntryReader& entry) {
  const auto& json = entry.json();
  const auto* kinds = json.find(json.root(), "kinds");
  std::uint64_t count = 0;
  for (const auto* one = kinds == nullptr ? nullptr : json.first_child(*kinds); one != nullptr;
       one = json.next(*one))
    ++count;
  return std::max<std::uint64_t>(count, 1);
}

// Who passed a rate that is no looser passes this one.
bool was_passed(const Rate& rate, const std::vector<Rate>& then) {
  return std::any_of(then.begin(), then.end(),
                     [&](const Rate& one) { return one.count <= rate.count && one.window >= rate.window; });
}

}  // namespace

Pace::Pace(const policy::PolicySet& policy) {
  for (const auto& [agent, limits] : policy.limits().agents) {
    Doings& doings = agents_[agent];
    for (const auto& rate : limits.statements) doings.statements.emplace_back(rate);
    for (const auto& rate : limits.ddl) doings.ddl.emplace_back(rate);
    for (const auto& [rule, rate] : limits.rules) doings.rules.emplace(rule, rate);
    for (const auto& rate : limits.same_statement_failures) doings.failures.push_back({rate, {}});
    doings.concurrent = limits.concurrent;
  }
}

// A clock that was set back fills nothing.
void Pace::Bucket::take(std::int64_t micros, std::uint64_t count) {
  if (at != 0 && micros > at) {
    const double filled =
        static_cast<double>(micros - at) * rate.count / static_cast<double>(micros_of(rate));
    left = std::min<double>(rate.count, left + filled);
  }
  at = std::max(at, micros);
  const auto taken = static_cast<double>(count);
  is_over = left < taken;
  left = std::max(0.0, left - taken);
}

Pace::Doings* Pace::of(std::string_view agent) {
  const auto found = agents_.find(agent);
  return found == agents_.end() ? nullptr : &found->second;
}

void Pace::take(const EntryReader& entry) {
  switch (entry.type()) {
    case EntryType::open:
      agent_of_.clear();
      for (auto& [agent, doings] : agents_) doings.sessions = 0;
      return;
    case EntryType::session: return take_session(entry);
    case EntryType::decision: return take_decision(entry);
    case EntryType::outcome: return take_outcome(entry);
    default: return;
  }
}

void Pace::take_session(const EntryReader& entry) {
  Doings* doings = of(entry.text("agent"));
  if (doings == nullptr) return;
  const auto event = entry.text("event");
  if (event == "login") ++doings->sessions;
  if (event == "end" && doings->sessions > 0) --doings->sessions;
}

void Pace::take_decision(const EntryReader& entry) {
  const auto agent = entry.text("agent");
  Doings* doings = of(agent);
  if (doings == nullptr) return;
  agent_of_[entry.number("session").value_or(0)] = agent;
  doings->now = entry.micros();
  const auto count = statements_in(entry);
  for (auto* buckets : {&doings->statements, &doings->ddl}) {
    for (auto& bucket : *buckets) bucket.take(doings->now, count);
  }
  for (auto& [rule, bucket] : doings->rules) bucket.take(doings->now, count);
}

void Pace::take_outcome(const EntryReader& entry) {
  const auto agent = agent_of_.find(entry.number("session").value_or(0));
  Doings* doings = agent == agent_of_.end() || entry.text("result") == "ok" ? nullptr : of(agent->second);
  if (doings == nullptr) return;
  for (auto& failures : doings->failures) {
    failures.times.push_back(entry.micros());
    if (failures.times.size() > failures.rate.count) failures.times.pop_front();
  }
}

std::string Pace::may_be_over(std::string_view agent, const policy::AgentLimits* then) const {
  const auto found = agents_.find(agent);
  if (found == agents_.end()) return {};
  const policy::AgentLimits nothing;
  const auto& passed = then == nullptr ? nothing : *then;
  const Doings& doings = found->second;
  const auto over = [](const std::vector<Bucket>& buckets, const std::vector<Rate>& earlier) {
    return std::any_of(buckets.begin(), buckets.end(), [&](const Bucket& bucket) {
      return bucket.is_over && !was_passed(bucket.rate, earlier);
    });
  };
  if (over(doings.statements, passed.statements)) return "\"statements\"";
  if (over(doings.ddl, passed.ddl)) return "\"ddl\"";
  const auto keeps_failing = [&](const Failures& failures) {
    return failures.times.size() == failures.rate.count &&
           failures.times.front() >= doings.now - micros_of(failures.rate) &&
           !was_passed(failures.rate, passed.same_statement_failures);
  };
  if (std::any_of(doings.failures.begin(), doings.failures.end(), keeps_failing))
    return "\"same_statement_failures\"";
  const bool was_at_once = passed.concurrent && doings.concurrent && *passed.concurrent <= *doings.concurrent;
  if (doings.concurrent && !was_at_once && doings.sessions > *doings.concurrent) return "\"concurrent\"";
  return {};
}

bool Pace::may_be_over(std::string_view agent, std::string_view rule) const {
  const auto found = agents_.find(agent);
  if (found == agents_.end()) return false;
  const auto bucket = found->second.rules.find(rule);
  return bucket != found->second.rules.end() && bucket->second.is_over;
}

}  // namespace portcullis::replay
