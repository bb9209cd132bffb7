// Relay, what was tried out and whose locks are not free: it is undone and sent again for a while, or its
// client is told.
#include <utility>

#include "guard/dry_run_refusals.hpp"
#include "portcullis/guard/verdict.hpp"
#include "session/relay.hpp"

namespace portcullis::session {

namespace type = wire::backend_type;

// True: the client reads nothing of it, or something else.
bool Relay::take_error_for_rows(std::string_view body) {
  release_held_rows();
  const auto response = wire::decode<wire::ErrorResponse>(body);
  const bool is_lock = response && response->field('C') == base::sqlstate::lock_not_available.view();
  const auto* duty = is_lock && !is_fatal(body) ? bracket_->lock_duty() : nullptr;
  if (duty != nullptr && bracket_->tries_again(needs_.clock->steady() - replies_.front()->sent)) {
    if (!bracket_->work().is_query) take_step(bracket_->end_pipeline());
    return true;
  }
  std::string told;
  if (duty != nullptr) encode(told, wire::to_error_response(locks_not_free(false), "ERROR"));
  replies_.front()->attempts = bracket_->attempts();
  if (!bracket_->work().is_query) {
    bracket_.reset();
  } else if (!is_fatal(body)) {
    bracket_->give_up();
  }
  if (told.empty()) return false;
  on_server_message(type::error_response, std::string_view(told).substr(5), told);
  return true;
}

// The locks of what is to be sent again were not free, and now it shall not be, or not as it was judged.
void Relay::end_pause(Bracket::Step step) {
  take_step(step);
  release_ready();
  start_clocks();
}

base::Error Relay::locks_not_free(bool is_outdated) const {
  const auto& work = bracket_->work();
  const auto error = guard::locks_not_free(work.locks->timeout, work.locks->subject, bracket_->attempts(),
                                           work.in_block, is_outdated);
  return guard::with_record(error, work.record);
}

void Relay::resume_rows() {
  const bool is_outdated = needs_.basis->last() != bracket_basis_;
  if (is_outdated) return end_pause(bracket_->break_off(locks_not_free(true)));
  take_step(bracket_->again());
}

void Relay::on_client_cancel() {
  if (bracket_ && !ended_) end_pause(bracket_->cancel());
}

}  // namespace portcullis::session
