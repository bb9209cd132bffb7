#include "session/flood_count.hpp"

#include <algorithm>

#include "session/recorder.hpp"

namespace portcullis::session {

TallyPtr FloodCount::count(const std::string& rule, const std::string& sqlstate, Time now) {
  std::erase_if(floods_, [&](const auto& flood) {
    return !flood.second.tally && now - flood.second.latest >= kInterval;
  });
  const auto found = floods_.find({rule, sqlstate});
  if (found == floods_.end()) return nullptr;
  Flood& flood = found->second;
  if (!flood.tally) flood.tally = std::make_shared<Tally>(Tally{0, flood.latest + kInterval});
  ++flood.tally->count;
  return flood.tally;
}

void FloodCount::recorded(const std::string& rule, const std::string& sqlstate, Time now) {
  floods_[{rule, sqlstate}].latest = now;
}

std::optional<FloodCount::Time> FloodCount::due() const {
  std::optional<Time> first;
  for (const auto& [key, flood] : floods_) {
    if (flood.tally) first = std::min(first.value_or(Time::max()), flood.tally->due);
  }
  return first;
}

void FloodCount::write(Recorder& recorder, Time now) {
  for (auto flood = floods_.begin(); flood != floods_.end();) {
    const auto tally = flood->second.tally;
    const bool is_due = tally && tally->due <= now;
    if (is_due) {
      const auto& [rule, sqlstate] = flood->first;
      tally->entry = recorder.counted(rule, sqlstate, tally->count);
      flood->second = Flood{now};
    }
    flood = is_due && !*tally->entry ? floods_.erase(flood) : std::next(flood);
  }
}

}  // namespace portcullis::session
