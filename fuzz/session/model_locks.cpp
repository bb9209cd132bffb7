// The model of a server, locks that others hold: how long a statement waits for them, and that it finds one
// held.
#include <utility>

#include "model_server.hpp"

namespace portcullis::fuzz {

void ModelSession::set_lock_timeout(std::string timeout) {
  start();
  now_.lock_timeout = std::move(timeout);
}

// Nothing but the end of a transaction, and what stands in one text with what is bounded.
void ModelSession::note_bound(const Part& part, bool alone) {
  const bool is_let = part.locks || !alone || ends_block(part);
  is_bounded_for_long_ = is_bounded_for_long_ || (!is_let && now_.lock_timeout != now_.session_lock_timeout);
}

bool ModelSession::finds_lock_held(const Part& part) {
  if (!part.locks || locks_refused_ == 0 || now_.lock_timeout == "0") return false;
  --locks_refused_;
  return true;
}

// For the transaction: at most so long, or back to what it was.
void ModelServer::bound_locks(std::string_view text) {
  constexpr std::string_view kMost = " ELSE '", kBack = "set_config('lock_timeout', '";
  const auto value_behind = [&](std::string_view words) {
    const auto rest = text.substr(text.find(words) + words.size());
    return std::string(rest.substr(0, rest.find('\'')));
  };
  if (text.find(kBack) != text.npos) {
    session_.set_lock_timeout(value_behind(kBack));
    return give_row_of({session_.lock_timeout()});
  }
  const std::string own = session_.lock_timeout(), most = value_behind(kMost);
  const bool is_stricter = own != "0" && std::stoi(own) < std::stoi(most);
  session_.set_lock_timeout(is_stricter ? own : most);
  give_row_of({own, session_.lock_timeout(), is_stricter ? "t" : "f"});
}

}  // namespace portcullis::fuzz
