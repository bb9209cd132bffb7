#include "guard/rate_limiter.hpp"

#include <algorithm>

#include "guard/limit_refusals.hpp"

namespace portcullis::guard {
namespace {

using base::Error;
using policy::AgentLimits;
using policy::Rate;
using std::chrono::microseconds;

enum class Limited : std::uint8_t { statements, ddl, rule };

struct Bucket {
  Limited what = Limited::statements;
  std::string rule;  // of Limited::rule
  Rate rate;
  TokenBucket tokens;

  Bucket(Limited limited, std::string id, const Rate& written)
      : what(limited), rule(std::move(id)), rate(written), tokens(written.count, written.window) {}
  [[nodiscard]] bool same_as(const Bucket& other) const noexcept {
    return what == other.what && rule == other.rule && rate == other.rate;
  }
};

// What the agent is given back: rows or bytes.
struct VolumeLimit {
  bool bytes = false;
  policy::Volume volume;
  VolumeBucket bucket;

  VolumeLimit(bool of_bytes, const policy::Volume& written)
      : bytes(of_bytes), volume(written), bucket(written.count, written.window) {}
};

std::vector<VolumeLimit> volumes_of(const AgentLimits& limits) {
  std::vector<VolumeLimit> volumes;
  for (const auto& volume : limits.rows_returned) volumes.emplace_back(false, volume);
  for (const auto& volume : limits.bytes_returned) volumes.emplace_back(true, volume);
  return volumes;
}

std::string name_of(const Bucket& bucket) {
  switch (bucket.what) {
    case Limited::statements: return "limit \"statements\"";
    case Limited::ddl: return "limit \"ddl\"";
    case Limited::rule: break;
  }
  return "limit \"rate\" of rule \"" + bucket.rule + "\"";
}

std::uint32_t needed(const Bucket& bucket, const Demand& demand) {
  switch (bucket.what) {
    case Limited::statements: return demand.statements;
    case Limited::ddl: return demand.ddl;
    case Limited::rule: break;
  }
  std::uint32_t statements = 0;
  for (const auto& use : demand.rules) {
    if (use.rule == bucket.rule) statements += use.statements;
  }
  return statements;
}

std::vector<Bucket> buckets_of(const AgentLimits& limits) {
  std::vector<Bucket> buckets;
  for (const auto& rate : limits.statements) buckets.emplace_back(Limited::statements, std::string(), rate);
  for (const auto& rate : limits.ddl) buckets.emplace_back(Limited::ddl, std::string(), rate);
  for (const auto& [id, rate] : limits.rules) buckets.emplace_back(Limited::rule, id, rate);
  return buckets;
}

// No wait is the longest of all.
bool is_longer(const std::optional<microseconds>& a, const std::optional<microseconds>& b) noexcept {
  return b && (!a || *a > *b);
}

}  // namespace

struct RateLimiter::AgentState {
  bool in_policy = true;
  AgentLimits limits;
  std::vector<Bucket> buckets;
  std::vector<VolumeLimit> volumes;
  std::uint32_t sessions = 0, running = 0;
  FailureMemory failures;

  void use(const AgentLimits& newer) {
    auto rebuilt = buckets_of(newer);
    for (auto& bucket : rebuilt) {
      const auto earlier = std::find_if(buckets.begin(), buckets.end(),
                                        [&](const Bucket& old) { return old.same_as(bucket); });
      if (earlier != buckets.end()) bucket.tokens = earlier->tokens;
    }
    buckets = std::move(rebuilt);
    use_volumes(newer);
    limits = newer;
    in_policy = true;
  }

  void use_volumes(const AgentLimits& newer) {
    auto rebuilt = volumes_of(newer);
    for (auto& limit : rebuilt) {
      const auto earlier = std::find_if(volumes.begin(), volumes.end(), [&](const VolumeLimit& old) {
        return old.bytes == limit.bytes && old.volume == limit.volume;
      });
      if (earlier != volumes.end()) limit.bucket = earlier->bucket;
    }
    volumes = std::move(rebuilt);
  }

  [[nodiscard]] std::optional<TooMuch> give(std::string_view agent, std::uint64_t rows, std::uint64_t bytes,
                                            Time now) {
    for (const auto& limit : volumes) {
      const auto wait = limit.bucket.wait_for(limit.bytes ? bytes : rows, now);
      if (wait && *wait == std::chrono::seconds{0}) continue;
      const std::string name = limit.bytes ? "bytes_returned" : "rows_returned";
      return TooMuch{name + " of agent " + std::string(agent),
                     too_much_given(name, limit.volume, agent, wait)};
    }
    for (auto& limit : volumes) {
      const bool taken = limit.bucket.take(limit.bytes ? bytes : rows, now);
      (void)taken;  // they are there, as was just seen
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Error> check(std::string_view agent, const Demand& demand, Time now) const {
    if (demand.same && demand.statements > 0) {
      const auto block = failures.blocks(*demand.same, limits.same_statement_failures, now);
      if (block) return keeps_failing(*block, agent);
    }
    const Bucket* worst = nullptr;
    std::optional<microseconds> longest = microseconds{0};
    for (const auto& bucket : buckets) {
      const auto wait = bucket.tokens.wait_for(needed(bucket, demand), now);
      if (!is_longer(wait, longest)) continue;
      worst = &bucket;
      longest = wait;
    }
    if (worst == nullptr) return std::nullopt;
    return used_up(name_of(*worst), worst->rate, agent, needed(*worst, demand), longest);
  }

  void take(const Demand& demand, Time now) {
    for (auto& bucket : buckets) {
      const bool taken = bucket.tokens.take(needed(bucket, demand), now);
      (void)taken;  // check() has seen that they are there
    }
  }
};

RateLimiter::RateLimiter(const policy::PolicySet& policy) {
  use(policy);
}
RateLimiter::~RateLimiter() = default;

void RateLimiter::use(const policy::PolicySet& policy) {
  const std::scoped_lock lock(mutex_);
  const auto& wanted = policy.limits().agents;
  for (auto agent = agents_.begin(); agent != agents_.end();) {
    auto& state = *agent->second;
    state.in_policy = wanted.contains(agent->first);
    // Slots point into the state.
    const bool in_use = state.sessions > 0 || state.running > 0;
    agent = state.in_policy || in_use ? std::next(agent) : agents_.erase(agent);
  }
  for (const auto& [agent, limits] : wanted) {
    auto& state = agents_[agent];
    if (!state) state = std::make_unique<AgentState>();
    state->use(limits);
  }
}

RateLimiter::AgentState* RateLimiter::find(std::string_view agent) {
  const auto found = agents_.find(agent);
  return found == agents_.end() || !found->second->in_policy ? nullptr : found->second.get();
}

base::Result<RateLimiter::Slot> RateLimiter::open_session(std::string_view agent) {
  const std::scoped_lock lock(mutex_);
  auto* state = find(agent);
  if (state == nullptr) return unknown_agent(agent);
  const auto& most = state->limits.connections;
  if (most && state->sessions >= *most) return too_many_connections(*most, agent);
  ++state->sessions;
  return Slot(*this, state->sessions);
}

base::Result<RateLimiter::Slot> RateLimiter::begin_statement(std::string_view agent) {
  const std::scoped_lock lock(mutex_);
  auto* state = find(agent);
  if (state == nullptr) return unknown_agent(agent);
  const auto& most = state->limits.concurrent;
  if (most && state->running >= *most) return too_many_at_once(*most, agent);
  ++state->running;
  return Slot(*this, state->running);
}

std::optional<Error> RateLimiter::admit(std::string_view agent, const Demand& demand, Time now) {
  const std::scoped_lock lock(mutex_);
  auto* state = find(agent);
  if (state == nullptr) return unknown_agent(agent);
  auto refusal = state->check(agent, demand, now);
  if (!refusal) state->take(demand, now);
  return refusal;
}

void RateLimiter::remember(std::string_view agent, const Demand& demand, Time then) {
  const std::scoped_lock lock(mutex_);
  auto* state = find(agent);
  if (state == nullptr) return;
  for (auto& bucket : state->buckets) bucket.tokens.take_up_to(needed(bucket, demand), then);
}

void RateLimiter::remember_given(std::string_view agent, std::uint64_t rows, std::uint64_t bytes, Time then) {
  const std::scoped_lock lock(mutex_);
  auto* state = find(agent);
  if (state == nullptr) return;
  for (auto& limit : state->volumes) limit.bucket.take_up_to(limit.bytes ? bytes : rows, then);
}

bool RateLimiter::limits_volume(std::string_view agent) {
  const std::scoped_lock lock(mutex_);
  const auto* state = find(agent);
  return state != nullptr && !state->volumes.empty();
}

auto RateLimiter::give(std::string_view agent, std::uint64_t rows, std::uint64_t bytes, Time now)
    -> std::optional<TooMuch> {
  const std::scoped_lock lock(mutex_);
  auto* state = find(agent);
  if (state == nullptr) return TooMuch{"agent", unknown_agent(agent)};
  return state->give(agent, rows, bytes, now);
}

void RateLimiter::failed(std::string_view agent, std::uint64_t statement, base::SqlState code, Time now) {
  const std::scoped_lock lock(mutex_);
  auto* state = find(agent);
  if (state == nullptr || state->limits.same_statement_failures.empty()) return;
  std::uint32_t most = 0;
  for (const auto& rate : state->limits.same_statement_failures) most = std::max(most, rate.count);
  state->failures.failed(statement, code, now, most);
}

void RateLimiter::succeeded(std::string_view agent, std::uint64_t statement) {
  const std::scoped_lock lock(mutex_);
  if (auto* state = find(agent)) state->failures.succeeded(statement);
}

void RateLimiter::release(std::uint32_t& count) noexcept {
  const std::scoped_lock lock(mutex_);
  --count;
}

void RateLimiter::Slot::release() noexcept {
  if (owner_ == nullptr) return;
  std::exchange(owner_, nullptr)->release(*std::exchange(count_, nullptr));
}

}  // namespace portcullis::guard
