// The database as the configuration names it: where it is, who the gate is there, and what copies of it are
// made with.
#pragma once

#include "app/config.hpp"
#include "net/shadow_builder.hpp"
#include "net/tcp_options.hpp"
#include "net/upstream_address.hpp"

namespace portcullis::app {

[[nodiscard]] net::TcpOptions tcp_options(const TcpConfig& config);
[[nodiscard]] base::Result<net::UpstreamAddress> server_address(const ServerConfig& server,
                                                                const TcpConfig& tcp);
// That the gate reads the catalog by.
[[nodiscard]] net::ServerLogin catalog_login(const Config& config);
// 22023 where there can be no copy.
[[nodiscard]] base::Result<net::ShadowOptions> shadow_options(const Config& config);

}  // namespace portcullis::app
