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
  if (duty != nullptr) {
    auto error =
        guard::locks_not_free(duty->timeout, duty->subject, bracket_->attempts(), bracket_->work().in_block);
    if (bracket_->work().record != 0) error = guard::with_record(error, bracket_->work().record);
    encode(told, wire::to_error_response(error, "ERROR"));
  }
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
void Relay::break_off_pause(const base::Error& why) {
  take_step(bracket_->break_off(why));
  release_ready();
  start_clocks();
}

void Relay::resume_rows() {
  const auto& work = bracket_->work();
  if (needs_.basis->last() == bracket_basis_) return take_step(bracket_->again());
  auto why =
      guard::locks_not_free(work.locks->timeout, work.locks->subject, bracket_->attempts(), work.in_block);
  why.message.pop_back();
  why.message += ", and what it was judged by has changed meanwhile.";
  break_off_pause(guard::with_record(why, work.record));
}

void Relay::on_client_cancel() {
  if (!bracket_ || ended_) return;
  if (!bracket_->resumes_at()) return bracket_->stay();
  break_off_pause({base::sqlstate::query_canceled, "canceling statement due to user request"});
}

}  // namespace portcullis::session
