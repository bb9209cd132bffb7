// The parts of the configuration that say how strangers are met and how connections are held.
#pragma once

#include "app/config.hpp"
#include "app/config_section.hpp"

namespace portcullis::app {

// Each reads its own keys of the section and complains there.
void read_client_certificates(ConfigSection& section, TlsFiles& tls);
void read_server_login(ConfigSection& section, ServerConfig& server);  // behind sslmode
void read_login_limits(ConfigSection& section, LimitsConfig& limits);  // behind connections
void read_tcp(ConfigSection& section, TcpConfig& tcp);

}  // namespace portcullis::app
