#include "net/tcp_options.hpp"

#include "net/asio_prefix.hpp"

namespace portcullis::net {
namespace {

void set(int socket, int level, int option, long long value) noexcept {
  const int number = static_cast<int>(value);
  (void)::setsockopt(socket, level, option, &number, sizeof number);
}

}  // namespace

void set_tcp_options(int socket, const TcpOptions& options) noexcept {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, options.keepalive_idle.count());
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, options.keepalive_interval.count());
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, options.keepalive_count);
  if (options.user_timeout.count() > 0)
    set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, options.user_timeout.count());
}

}  // namespace portcullis::net
