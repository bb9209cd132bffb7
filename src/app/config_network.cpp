#include "app/config_network.hpp"

#include <algorithm>

namespace portcullis::app {

using namespace std::chrono_literals;

void read_client_certificates(ConfigSection& section, TlsFiles& tls) {
  section.read("client_ca", tls.client_ca);
  const auto asked = section.read_choice("client_certificate", {"optional", "required"});
  tls.certificate_required = asked == "required";
  if (asked && tls.client_ca.empty()) {
    section.complain("client_certificate",
                     "\"client_certificate\" needs \"client_ca\": name the PEM file of the authorities");
  }
}

void read_server_login(ConfigSection& section, ServerConfig& server) {
  const bool has_tls = server.sslmode != "disable";
  server.direct_tls = section.read_choice("sslnegotiation", {"postgres", "direct"}) == "direct";
  if (server.direct_tls && !has_tls) {
    section.complain("sslnegotiation",
                     "\"direct\" is a way to begin TLS, and there is none: set \"sslmode\", or leave it out");
  }
  server.channel_binding =
      section.read_choice("channel_binding", {"disable", "prefer", "require"}).value_or("prefer");
  if (server.channel_binding == "require" && !has_tls) {
    section.complain("channel_binding", "\"require\" needs TLS: set \"sslmode\", or leave it out");
  }
  server.max_protocol_version = section.read_choice("max_protocol_version", {"3.0", "3.2"}).value_or("3.2");
}

// By default one address can take half of the places of those that have not logged in, and a pool that opens
// all its connections at once still gets in.
void read_login_limits(ConfigSection& section, LimitsConfig& limits) {
  constexpr std::size_t kFewest = 20;
  limits.connections_per_address = std::max(limits.connections, kFewest);
  section.read_count("connections_per_address", 1, 100'000, limits.connections_per_address);
  limits.logins_pending = 2 * limits.connections_per_address;
  section.read_count("logins_pending", 1, 200'000, limits.logins_pending);
  section.read_duration("login_delay", 0ms, 30s, limits.login_delay);
}

void read_tcp(ConfigSection& section, TcpConfig& tcp) {
  section.read_duration("keepalive_idle", 1s, 24h, tcp.keepalive_idle);
  section.read_duration("keepalive_interval", 1s, 1h, tcp.keepalive_interval);
  section.read_count("keepalive_count", 1, 100, tcp.keepalive_count);
  section.read_duration("user_timeout", 0ms, 24h, tcp.user_timeout);
  section.finish();
}

}  // namespace portcullis::app
