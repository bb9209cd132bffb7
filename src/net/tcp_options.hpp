// How soon the kernel notices that a peer is gone without a word: PostgreSQL's tcp_keepalives_idle,
// _interval, _count and tcp_user_timeout.
#pragma once

#include <chrono>

namespace portcullis::net {

struct TcpOptions {
  std::chrono::seconds keepalive_idle{60}, keepalive_interval{10};  // whole seconds from 1; else the system's
  int keepalive_count = 6;
  // How long sent data may stay without an answer. Zero: the system's own bound, for a peer that stops
  // reading for a while keeps data waiting, too.
  std::chrono::milliseconds user_timeout{0};
};

// Of a TCP socket. What the system does not take stays as it was.
void set_tcp_options(int socket, const TcpOptions& options) noexcept;

}  // namespace portcullis::net
