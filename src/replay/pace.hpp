// Whether what the agents of a log did is within a policy's limits on how often: reckoned as if all of it
// counted, so that what is within them then is so for certain.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "audit/entry_reader.hpp"
#include "policy/limits.hpp"
#include "portcullis/policy/policy_set.hpp"

namespace portcullis::replay {

class Pace {
 public:
  explicit Pace(const policy::PolicySet& policy);

  // Every entry of the log, in its order.
  void take(const audit::EntryReader& entry);

  // Of the decision that was taken last: the limit of its agent that may hold it back, "\"statements\"".
  // Empty: none does. `then`: limits that it passed, and passes again; null: none.
  [[nodiscard]] std::string may_be_over(std::string_view agent, const policy::AgentLimits* then) const;
  // The same for the rate of a rule.
  [[nodiscard]] bool may_be_over(std::string_view agent, std::string_view rule) const;

 private:
  // What is left of a rate at the least.
  struct Bucket {
    explicit Bucket(const policy::Rate& given) : rate(given), left(given.count) {}
    void take(std::int64_t micros, std::uint64_t count);
    policy::Rate rate;
    double left = 0;
    std::int64_t at = 0;  // the latest time
    bool is_over = false;
  };
  struct Failures {
    policy::Rate rate;
    std::deque<std::int64_t> times;  // the latest, as many as the rate has
  };
  struct Doings {
    std::vector<Bucket> statements, ddl;
    std::map<std::string, Bucket, std::less<>> rules;
    std::vector<Failures> failures;
    std::optional<std::uint32_t> concurrent;
    std::uint32_t sessions = 0;  // that are open
    std::int64_t now = 0;
  };

  void take_decision(const audit::EntryReader& entry);
  void take_session(const audit::EntryReader& entry);
  void take_outcome(const audit::EntryReader& entry);
  [[nodiscard]] Doings* of(std::string_view agent);

  std::map<std::string, Doings, std::less<>> agents_;
  std::map<std::int64_t, std::string> agent_of_;  // by session
};

}  // namespace portcullis::replay
