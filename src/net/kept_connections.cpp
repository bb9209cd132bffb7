#include "net/kept_connections.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace portcullis::net {

using Clock = std::chrono::steady_clock;

bool KeptCount::add(const std::string& agent, std::size_t most) {
  const std::lock_guard lock(mutex_);
  auto& kept = kept_[agent];
  if (kept >= most) return false;
  ++kept;
  return true;
}

void KeptCount::remove(const std::string& agent) {
  const std::lock_guard lock(mutex_);
  --kept_[agent];
}

std::size_t KeptCount::total() const {
  const std::lock_guard lock(mutex_);
  std::size_t total = 0;
  for (const auto& [agent, kept] : kept_) total += kept;
  return total;
}

void KeptConnections::use(const ReuseOptions& options, KeptCount& count) {
  options_ = options;
  count_ = &count;
}

bool KeptConnections::wants(Clock::time_point logged_in) const {
  return count_ != nullptr && !closed_ && options_.connections > 0 && Clock::now() < logged_in + options_.age;
}

void KeptConnections::put(KeptConnection connection) {
  const auto now = Clock::now();
  const auto oldest = connection.logged_in + options_.age;
  if (!wants(connection.logged_in) || !make_room(connection.agent)) return connection.stream->close();
  places_.push_back({std::move(connection), std::min(now + options_.idle_time, oldest)});
  start_timer();
}

bool KeptConnections::make_room(const std::string& agent) {
  if (count_->add(agent, options_.connections)) return true;
  const auto oldest =
      std::ranges::find_if(places_, [&](const Place& place) { return place.connection.agent == agent; });
  if (oldest == places_.end()) return false;  // other threads have them
  release(oldest).stream->close();
  return count_->add(agent, options_.connections);
}

std::optional<KeptConnection> KeptConnections::take(std::string_view agent,
                                                    const session::Settings& settings) {
  close_outdated();
  for (auto at = places_.rbegin(); at != places_.rend(); ++at) {
    const KeptConnection& kept = at->connection;
    if (kept.agent == agent && kept.settings == settings) return release(std::prev(at.base()));
  }
  return std::nullopt;
}

KeptConnection KeptConnections::release(List::iterator place) {
  KeptConnection connection = std::move(place->connection);
  places_.erase(place);
  count_->remove(connection.agent);
  return connection;
}

void KeptConnections::close_outdated() {
  const auto now = Clock::now();
  for (auto at = places_.begin(); at != places_.end();) {
    const auto place = at++;
    if (place->until <= now) release(place).stream->close();
  }
}

// At the first end that is due; connections that were taken meanwhile make it ring for nothing.
void KeptConnections::start_timer() {
  const auto first = std::ranges::min_element(places_, {}, &Place::until);
  if (first == places_.end()) return;
  timer_.expires_at(first->until);
  timer_.async_wait([this](ErrorCode error) {
    if (error) return;
    close_outdated();
    start_timer();
  });
}

void KeptConnections::close_all() {
  while (!places_.empty()) release(places_.begin()).stream->close();
}

void KeptConnections::shut_down() {
  closed_ = true;
  close_all();
}

}  // namespace portcullis::net
