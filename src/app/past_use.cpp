#include "app/past_use.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "audit/read.hpp"
#include "base/log.hpp"
#include "policy/limits.hpp"
#include "portcullis/guard/demand.hpp"

namespace portcullis::app {
namespace {

using audit::EntryReader;
using audit::EntryType;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr seconds kShortestWindow = std::chrono::hours{1};
// Texts of a session that wait for their Bind; beyond them a Bind counts once more.
constexpr std::size_t kMostParsed = 10'000;

template <class Visit>
void for_each_in(const EntryReader& entry, std::string_view key, const Visit& visit) {
  const auto& json = entry.json();
  const auto* array = json.find(json.root(), key);
  for (const auto* value = array == nullptr ? nullptr : json.first_child(*array); value != nullptr;
       value = json.next(*value))
    visit(*value);
}

// COMMIT and ROLLBACK do not count. Of several statements as many as may be are DDL.
guard::Demand demand_of(const EntryReader& entry) {
  guard::Demand demand;
  for_each_in(entry, "kinds", [&](const auto& kind) {
    const auto name = entry.json().raw(kind);
    if (name != "COMMIT" && name != "ROLLBACK") ++demand.statements;
  });
  for_each_in(entry, "effects", [&](const auto& effect) {
    const auto action = entry.text(effect, "action");
    if (guard::is_ddl(action)) ++demand.ddl;
    if (action == "rollback to") ++demand.statements;  // it has the tag of ROLLBACK
  });
  demand.ddl = std::min(demand.ddl, demand.statements);
  for_each_in(entry, "rates", [&](const auto& rule) {
    demand.rules.push_back({entry.json().text(rule), 1});
  });
  return demand;
}

// Entries in the order of the log.
class PastUse {
 public:
  PastUse(guard::RateLimiter& limits, const base::Clock& clock, std::int64_t since)
      : limits_(limits), wall_(clock.wall()), steady_(clock.steady()), since_(since) {}

  void take(const EntryReader& entry) {
    switch (entry.type()) {
      case EntryType::open: return sessions_.clear();  // their numbers begin anew
      case EntryType::session:
        if (entry.text("event") == "end") sessions_.erase(session_of(entry));
        return;
      case EntryType::decision: return take_decision(entry);
      case EntryType::outcome: return take_outcome(entry);
      default: return;
    }
  }

 private:
  struct Session {
    std::string agent;
    std::set<std::int64_t> parsed;  // texts that were charged when they were parsed, and not bound since
  };

  static std::int64_t session_of(const EntryReader& entry) { return entry.number("session").value_or(0); }

  void take_decision(const EntryReader& entry) {
    Session& session = sessions_[session_of(entry)];
    session.agent = entry.text("agent");
    const auto message = entry.text("message");
    // Text and first Bind are charged as one, also where that is refused. What an Execute does was charged
    // when it was bound.
    const bool is_paid =
        message == "Bind" && session.parsed.erase(entry.number("statement").value_or(-1)) > 0;
    const auto verdict = entry.text("verdict");
    if (verdict != "allow" && verdict != "would_deny") return;
    if (message == "Parse" && session.parsed.size() < kMostParsed)
      session.parsed.insert(static_cast<std::int64_t>(entry.index()));
    const bool is_charged = message == "Query" || message == "Parse" || (message == "Bind" && !is_paid);
    if (is_charged && entry.micros() >= since_)
      limits_.remember(session.agent, demand_of(entry), time_of(entry));
  }

  void take_outcome(const EntryReader& entry) {
    const auto session = sessions_.find(session_of(entry));
    const auto rows = static_cast<std::uint64_t>(entry.number("rows").value_or(0));
    const auto bytes = static_cast<std::uint64_t>(entry.number("bytes").value_or(0));
    if (session == sessions_.end() || entry.micros() < since_ || (rows == 0 && bytes == 0)) return;
    limits_.remember_given(session->second.agent, rows, bytes, time_of(entry));
  }

  // Where a clock was set back in between, what is yet to come is now.
  [[nodiscard]] guard::RateLimiter::Time time_of(const EntryReader& entry) const {
    const auto age = wall_.time_since_epoch() - microseconds(entry.micros());
    return steady_ -
           std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::max(age, age.zero()));
  }

  guard::RateLimiter& limits_;
  std::chrono::system_clock::time_point wall_;
  std::chrono::steady_clock::time_point steady_;
  std::int64_t since_;
  std::map<std::int64_t, Session> sessions_;
};

}  // namespace

seconds longest_window(const policy::PolicySet& policy) {
  seconds longest{};
  const auto note = [&](const auto& limit) { longest = std::max(longest, limit.window); };
  for (const auto& [agent, limits] : policy.limits().agents) {
    std::for_each(limits.statements.begin(), limits.statements.end(), note);
    std::for_each(limits.ddl.begin(), limits.ddl.end(), note);
    std::for_each(limits.rows_returned.begin(), limits.rows_returned.end(), note);
    std::for_each(limits.bytes_returned.begin(), limits.bytes_returned.end(), note);
    for (const auto& [rule, rate] : limits.rules) note(rate);
  }
  return longest;
}

base::Result<void> remember_past_use(const std::filesystem::path& log, const policy::PolicySet& policy,
                                     const base::Clock& clock, guard::RateLimiter& limits) {
  const auto window = longest_window(policy);
  if (window < kShortestWindow) return {};
  base::log::info("reading the audit log for what the policy's limits have left");
  const auto since =
      std::chrono::duration_cast<microseconds>(clock.wall().time_since_epoch() - window).count();
  const auto first = audit::first_index_since(log, since);
  if (!first) return first.error();
  PastUse past(limits, clock, since);
  audit::EntryFilter filter;
  filter.from = *first;
  return audit::for_each_entry(log, filter, [&](const EntryReader& entry) {
    past.take(entry);
    return true;
  });
}

}  // namespace portcullis::app
