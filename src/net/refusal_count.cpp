#include "net/refusal_count.hpp"

namespace portcullis::net {

RefusalCount::Next RefusalCount::note(const std::string& address, const std::string& sqlstate, Time now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(floods_, [&](const auto& flood) {
    return flood.second.count == 0 && now - flood.second.latest >= kInterval;
  });
  auto found = floods_.find({address, sqlstate});
  if (found == floods_.end() && floods_.size() < kMostFloods) {
    floods_.emplace(Key{address, sqlstate}, Flood{now});
    return Next::record;
  }
  if (found == floods_.end()) found = floods_.try_emplace(Key{}, Flood{now}).first;
  return ++found->second.count == 1 ? Next::count_first : Next::count;
}

std::vector<RefusalCount::Counted> RefusalCount::take(Time now) {
  const std::lock_guard lock(mutex_);
  std::vector<Counted> taken;
  for (auto& [key, flood] : floods_) {
    if (flood.count == 0 || now - flood.latest < kInterval) continue;
    taken.push_back({key.first, key.second, flood.count});
    flood = {now};
  }
  return taken;
}

void RefusalCount::put_back(const Counted& counted, Time now) {
  const std::lock_guard lock(mutex_);
  auto& flood = floods_[{counted.address, counted.sqlstate}];
  flood.latest = now;
  flood.count += counted.count;
}

}  // namespace portcullis::net
