#include "session/reply_queue.hpp"

#include <algorithm>

namespace portcullis::session {

void ReplyQueue::push(Reply&& reply) {
  replies_.push_back(std::move(reply));
  drop_marks();
}

Reply* ReplyQueue::front() {
  return replies_.empty() ? nullptr : &replies_.front();
}

Reply ReplyQueue::pop() {
  Reply reply = std::move(replies_.front());
  replies_.pop_front();
  drop_marks();
  return reply;
}

// With its COPY gone from the queue the end of data marks nothing any more, and nothing is owed for it.
void ReplyQueue::drop_marks() {
  while (!replies_.empty() && replies_.front().request == Request::copy_end) replies_.pop_front();
}

std::vector<Reply> ReplyQueue::skip_to_sync(bool& sync_owed) {
  const auto sync = std::find_if(replies_.begin(), replies_.end(),
                                 [](const Reply& reply) { return reply.request == Request::sync; });
  sync_owed = sync != replies_.end();
  std::vector<Reply> skipped(std::make_move_iterator(replies_.begin()), std::make_move_iterator(sync));
  replies_.erase(replies_.begin(), sync);
  return skipped;
}

bool ReplyQueue::begin_copy_in() {
  copy_runs_ = true;
  const auto next = std::find_if(replies_.begin() + 1, replies_.end(),
                                 [](const Reply& reply) { return reply.request != Request::sync; });
  doubtful_ += static_cast<std::size_t>(next - replies_.begin() - 1);
  const bool is_over = next != replies_.end();
  const bool has_mark = is_over && next->request == Request::copy_end;
  copy_is_cut_ = is_over && !has_mark;
  replies_.erase(replies_.begin() + 1, has_mark ? next + 1 : next);
  return is_over;
}

void ReplyQueue::on_answer(bool is_error) noexcept {
  const bool copy_failed = std::exchange(copy_runs_, false) && is_error;
  if (copy_failed) return;
  doubtful_ = 0;
  copy_is_cut_ = false;
}

bool ReplyQueue::is_fate_unknown() const {
  const auto next = std::find_if(replies_.begin() + 1, replies_.end(),
                                 [](const Reply& reply) { return reply.request != Request::copy_end; });
  return doubtful_ > 0 && next != replies_.end() && next->request != Request::sync;
}

bool ReplyQueue::take_doubtful_ready() {
  const Reply* next = front();
  const bool is_due = next != nullptr && (next->request == Request::sync ||
                                          (next->request == Request::query && !next->sqlstate.empty()));
  if (doubtful_ == 0 || is_due) return false;
  --doubtful_;
  return true;
}

}  // namespace portcullis::session
