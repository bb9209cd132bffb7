// Relay, what a dry run of the next message needs of the session: its settings, and what its open transaction
// has changed in the catalog before.
#include <algorithm>
#include <utility>

#include "session/relay.hpp"
#include "shadow/admission.hpp"

namespace portcullis::session {

namespace type = wire::frontend_type;

namespace {

// Beyond this nobody does it again for each statement behind it.
constexpr std::size_t kMostEarlier = 50;

bool is_executed(char message) {
  return message == type::query || message == type::execute;
}

}  // namespace

// True: the message is to be given again once that is known.
bool Relay::ask_for_dry_run(Judgement& judgement) {
  if (judgement.wants_settings) {
    waits_for_quiet_ = !is_quiet();
    if (!waits_for_quiet_) ask_server(needs_.basis->current(), false, true);
    return true;
  }
  if (!judgement.wants_dry_run) {
    dry_run_attempts_ = 0;
    tried_ = nullptr;
    return false;
  }
  wanted_dry_run_ = std::move(judgement.wants_dry_run);
  wanted_dry_run_basis_ = judged_by_;
  return true;
}

void Relay::give_dry_run(DryRunResult result) {
  if (!wanted_dry_run_) return;
  tried_ = std::make_shared<const TriedOut>(TriedOut{*std::exchange(wanted_dry_run_, std::nullopt),
                                                     std::exchange(wanted_dry_run_basis_, nullptr),
                                                     std::move(result), ++dry_run_attempts_});
}

// What is executed may change settings, and the catalog as its transaction sees it. What was changed in it is
// done again in a copy, in the same order and under the settings of that moment: where that would be
// something else nothing more is tried out before its end.
void Relay::note_executed(const Staged& staged) {
  if (!is_executed(staged.type)) return;
  settings_ = nullptr;
  if (!staged.reply || staged.refused || !earlier_) return;
  const auto& consequences = staged.reply->consequences;
  const bool has_changed = !earlier_->empty() || consequences.changes_catalog;
  const bool is_obscure = consequences.runs_code || consequences.runs_triggers;
  if (is_obscure || (has_changed && (consequences.may_rewind || consequences.changes_settings))) {
    earlier_ = nullptr;
  } else if (consequences.changes_catalog) {
    note_earlier(staged);
  }
}

void Relay::note_earlier(const Staged& staged) {
  const auto& statement = staged.reply->statement;
  std::string_view text;
  if (staged.type == type::query) {
    text = std::string_view(staged.bytes).substr(5, staged.bytes.size() - 6);
  } else if (statement && statement->source) {
    text = statement->source->text;
  }
  const bool is_known = earlier_ && statement && !text.empty();
  auto earlier = is_known ? *earlier_ : std::vector<std::string>();
  earlier_ = nullptr;
  if (!is_known) return;
  for (const auto& one : statement->facts->statements) {
    if (one.transaction != sql::TransactionControl::none) continue;
    if (shadow::not_to_be_tried_out(one) || earlier.size() == kMostEarlier) return;
    earlier.emplace_back(text.substr(one.offset, one.length));
  }
  earlier_ = std::make_shared<const std::vector<std::string>>(std::move(earlier));
}

}  // namespace portcullis::session
