#include "app/order_reach.hpp"

#include <algorithm>
#include <map>

#include "audit/erasure.hpp"
#include "audit/format.hpp"
#include "audit/read.hpp"

namespace portcullis::app {
namespace {

using audit::EntryReader;
using audit::EntryType;

constexpr std::size_t kMostAgents = 100;

base::Error unfit(std::string message) {
  return {.code = base::sqlstate::invalid_parameter_value, .message = std::move(message)};
}

class Finder {
 public:
  explicit Finder(const ReachQuery& query) : query_(query) {}

  void see(const EntryReader& entry) {
    if (found_.entries == 0)
      found_.origin = entry.origin().substr(0, entry.origin().size() - audit::kVersionMark.size());
    found_.entries = entry.index() + 1;
    const std::string agent = agent_of(entry);
    const bool is_meant = (!query_.records || query_.records->has(entry.index())) &&
                          (query_.agent.empty() || agent == query_.agent) && entry.micros() < query_.before;
    if (is_meant && has_common(audit::clear_classes(entry))) ++found_.clear;
    if (!has_common(audit::sealed_classes(entry))) return;
    if (is_meant) take(entry, agent);
    goes_on_ = is_meant;
  }

  Reached take_found() { return std::move(found_); }

 private:
  [[nodiscard]] bool has_common(audit::SealClassSet classes) const {
    return std::any_of(audit::kEachSealClass.begin(), audit::kEachSealClass.end(),
                       [&](auto kind) { return classes.has(kind) && query_.classes.has(kind); });
  }

  // What holds no text of the classes may lie within a range.
  void take(const EntryReader& entry, const std::string& agent) {
    if (goes_on_) {
      found_.ranges.back().last = entry.index();
    } else {
      found_.ranges.push_back({entry.index(), entry.index()});
    }
    if (found_.records++ == 0) found_.first = found_.last = entry.micros();
    found_.first = std::min(found_.first, entry.micros());
    found_.last = std::max(found_.last, entry.micros());
    if (!agent.empty() && found_.agents.size() < kMostAgents) found_.agents.insert(agent);
  }

  // Numbers of sessions begin anew with each start.
  std::string agent_of(const EntryReader& entry) {
    if (entry.type() == EntryType::open) sessions_.clear();
    const auto session = entry.number("session");
    if (!session) return {};
    std::string agent = entry.text("agent");
    if (!agent.empty()) sessions_[*session] = agent;
    const auto known = sessions_.find(*session);
    if (known != sessions_.end()) agent = known->second;
    if (entry.type() == EntryType::session && entry.text("event") == "end") sessions_.erase(*session);
    return agent;
  }

  const ReachQuery& query_;
  Reached found_;
  bool goes_on_ = false;  // the last text of the classes was meant
  std::map<std::int64_t, std::string> sessions_;
};

}  // namespace

base::Result<Reached> reach(const std::filesystem::path& directory, const ReachQuery& query) {
  Finder finder(query);
  const auto read = audit::for_each_entry(directory, {}, [&](const EntryReader& entry) {
    finder.see(entry);
    return true;
  });
  if (!read) return read.error();
  return finder.take_found();
}

base::Result<audit::IndexSet> read_records(const std::string& text) {
  audit::IndexSet records;
  std::string rest = text;
  std::replace(rest.begin(), rest.end(), ',', ' ');
  for (std::size_t at = 0; at <= rest.size();) {
    const auto end = std::min(rest.find(' ', at), rest.size());
    const auto range = audit::read_ranges(std::string_view(rest).substr(at, end - at));
    if (!range) return unfit("\"" + text + "\" are no records: give indexes and ranges, as in 17,100-200");
    records.add(range->front());
    at = end + 1;
  }
  return records;
}

}  // namespace portcullis::app
