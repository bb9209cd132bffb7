#include "session/reply_queue.hpp"

#include <algorithm>

namespace portcullis::session {

Reply* ReplyQueue::front() {
  while (!replies_.empty() && replies_.front().request == Request::copy_end) replies_.pop_front();
  return replies_.empty() ? nullptr : &replies_.front();
}

Reply ReplyQueue::pop() {
  Reply reply = std::move(replies_.front());
  replies_.pop_front();
  return reply;
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
  for (auto at = replies_.begin() + 1; at != replies_.end();) {
    if (at->request == Request::copy_end) {
      replies_.erase(at);
      return true;
    }
    at = at->request == Request::sync ? replies_.erase(at) : at + 1;
  }
  return false;
}

}  // namespace portcullis::session
