#include "net/upstream.hpp"

#include <utility>

#include "auth/certificate.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

Result<SslMode> ssl_mode_named(std::string_view name) {
  if (name == "disable") return SslMode::disable;
  if (name == "require") return SslMode::require;
  if (name == "verify-ca") return SslMode::verify_ca;
  if (name == "verify-full") return SslMode::verify_full;
  return Error{
      sqlstate::invalid_parameter_value,
      "upstream.sslmode \"" + std::string(name) + "\" is none of disable, require, verify-ca, verify-full"};
}

bool is_loopback(std::string_view host) noexcept {
  ErrorCode error;
  const auto address = asio::ip::make_address(host, error);
  return error ? host == "localhost" : address.is_loopback();
}

Upstream::Upstream(UpstreamAddress address)
    : address_(std::move(address)), tls_(asio::ssl::context::tls_client) {}

Result<std::shared_ptr<Upstream>> Upstream::make(UpstreamAddress address) {
  std::shared_ptr<Upstream> upstream(new Upstream(std::move(address)));
  auto& tls = upstream->tls_;
  tls.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  if (upstream->address_.sslmode >= SslMode::verify_ca) {
    tls.set_verify_mode(asio::ssl::verify_peer);
    ErrorCode error;
    const auto& file = upstream->address_.root_certificate;
    if (file.empty()) {
      tls.set_default_verify_paths(error);
    } else {
      tls.load_verify_file(file, error);
    }
    if (error) {
      return Error{sqlstate::io_error,
                   "cannot read upstream.root_certificate \"" + file + "\": " + error.message()};
    }
  }
  return upstream;
}

bool Upstream::is_private() const noexcept {
  return is_unix_socket() || is_loopback(address_.host) || address_.sslmode >= SslMode::verify_ca;
}

void Upstream::describe(const Stream& stream, session::ServerStartupOptions& options) const {
  options.channel_is_private = is_private();
  options.protocol = address_.newest_protocol ? wire::kProtocol32 : wire::kProtocol30;
  options.binding_mode = address_.channel_binding;
  options.tls = stream.is_tls();
  if (const auto certificate = stream.peer_certificate())
    options.channel_binding = auth::tls_server_end_point(*certificate);
}

Error Upstream::cannot_connect(const std::string& why) const {
  return {sqlstate::cannot_connect, "the gate cannot reach the database at " + address_.host + " port " +
                                        std::to_string(address_.port) + ": " + why};
}

asio::awaitable<Result<void>> Upstream::connect(std::unique_ptr<Stream>& stream) {
  const auto executor = co_await asio::this_coro::executor;
  stream = std::make_unique<Stream>(Stream::Socket(executor));
  const auto error = co_await dial(*stream);
  if (error) co_return cannot_connect(error.message());
  if (address_.sslmode == SslMode::disable) co_return Result<void>();
  const auto secured = co_await start_tls(*stream);
  co_return secured;
}

// The first address that answers.
asio::awaitable<ErrorCode> Upstream::dial(Stream& stream) {
  const std::string port = std::to_string(address_.port);
  if (is_unix_socket()) {
    const Stream::Socket::endpoint_type endpoint =
        asio::local::stream_protocol::endpoint(address_.host + "/.s.PGSQL." + port);
    const auto error = co_await stream.connect(endpoint, address_.tcp);
    co_return error;
  }
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver resolver(executor);
  const auto [resolve_error, found] = co_await resolver.async_resolve(address_.host, port, no_throw);
  if (resolve_error) co_return resolve_error;
  ErrorCode error = asio::error::host_not_found;
  for (const auto& entry : found) {
    const Stream::Socket::endpoint_type endpoint = entry.endpoint();
    error = co_await stream.connect(endpoint, address_.tcp);
    if (!error || error == asio::error::operation_aborted) break;
  }
  co_return error;
}

asio::awaitable<Result<void>> Upstream::ask_for_tls(Stream& stream) {
  std::string request;
  wire::encode(request, wire::SslRequest{});
  const auto write_error = co_await stream.write_all(request);
  if (write_error) co_return cannot_connect(write_error.message());
  // Exactly one byte: what follows belongs to the handshake and must not lie in a buffer of ours.
  char answer = 0;
  const auto read = co_await stream.read_some(&answer, 1);
  if (read.error) co_return cannot_connect(read.error.message());
  if (answer != 'S') co_return cannot_connect("it does not offer TLS, which upstream.sslmode demands");
  co_return Result<void>();
}

asio::awaitable<Result<void>> Upstream::start_tls(Stream& stream) {
  if (!address_.direct_tls) {
    const auto granted = co_await ask_for_tls(stream);
    if (!granted) co_return granted;
  }
  const std::string name = address_.sslmode == SslMode::verify_full ? address_.host : std::string();
  const auto error = co_await stream.tls_client(tls_, name);
  if (error) co_return cannot_connect("TLS: " + error.message());
  // Whoever does not say that it speaks this protocol may be another kind of server.
  const std::string alpn = stream.alpn();
  if (alpn != wire::kAlpn && (address_.direct_tls || !alpn.empty()))
    co_return cannot_connect("TLS: it did not agree to the protocol \"postgresql\"");
  co_return Result<void>();
}

}  // namespace portcullis::net
