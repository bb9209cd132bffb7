#include "audit/room.hpp"

namespace portcullis::audit {

void OutcomeReserve::keep(std::uint64_t session, std::uint64_t decision, std::uint64_t bytes) {
  sessions_[session].emplace_back(decision, bytes);
  bytes_ += bytes;
}

void OutcomeReserve::release_up_to(std::uint64_t session, std::uint64_t decision) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  Owed& owed = found->second;
  while (!owed.empty() && owed.front().first <= decision) {
    bytes_ -= owed.front().second;
    owed.pop_front();
  }
}

void OutcomeReserve::release_session(std::uint64_t session) {
  release_up_to(session, UINT64_MAX);
  sessions_.erase(session);
}

}  // namespace portcullis::audit
