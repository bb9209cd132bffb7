// What the parts of Relay that read the client's messages share.
#pragma once

#include <cstddef>
#include <string_view>

#include "session/judge.hpp"
#include "session/reply_queue.hpp"

namespace portcullis::session {

// How much of a message that is too long is looked at, for its names and the record.
inline constexpr std::size_t kHead = 8 * 1024;

// Text up to the first zero byte, which ends a protocol string.
inline std::string_view until_zero(std::string_view bytes) {
  return bytes.substr(0, bytes.find('\0'));
}

// To what runs statements: with the limits that they come under.
inline Reply reply_to(Request request, const Judgement& judgement) {
  Reply reply;
  reply.request = request;
  reply.results = judgement.results;
  reply.rows_duty = judgement.rows_duty;
  reply.lock_duty = judgement.lock_duty;
  return reply;
}

}  // namespace portcullis::session
