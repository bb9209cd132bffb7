#include "app/database.hpp"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "app/parser_thread.hpp"
#include "app/row_questions.hpp"
#include "app/serve.hpp"
#include "net/catalog_reader.hpp"
#include "net/shadow_report.hpp"
#include "shadow/admission.hpp"

namespace portcullis::app {
namespace {

// The configuration knows no other word. One that is not known insists.
auth::BindingMode binding_mode(std::string_view word) {
  if (word == "disable") return auth::BindingMode::disable;
  return word == "prefer" ? auth::BindingMode::prefer : auth::BindingMode::require;
}

}  // namespace

net::TcpOptions tcp_options(const TcpConfig& config) {
  using std::chrono::duration_cast, std::chrono::seconds;
  net::TcpOptions options;
  options.keepalive_idle = duration_cast<seconds>(config.keepalive_idle);
  options.keepalive_interval = duration_cast<seconds>(config.keepalive_interval);
  options.keepalive_count = static_cast<int>(config.keepalive_count);
  options.user_timeout = config.user_timeout;
  return options;
}

base::Result<net::UpstreamAddress> server_address(const ServerConfig& server, const TcpConfig& tcp) {
  const auto mode = net::ssl_mode_named(server.sslmode);
  if (!mode) return mode.error();
  net::UpstreamAddress address;
  address.host = server.host;
  address.port = server.port;
  address.sslmode = *mode;
  address.root_certificate = server.root_certificate.string();
  address.direct_tls = server.direct_tls;
  address.channel_binding = binding_mode(server.channel_binding);
  address.newest_protocol = server.max_protocol_version != "3.0";
  address.tcp = tcp_options(tcp);
  return address;
}

net::ServerLogin catalog_login(const Config& config) {
  const RoleConfig& role = config.upstream.catalog.role;
  return {role.user, role.password, config.upstream.database};
}

namespace {

base::Result<net::GivenServerOptions> given_server(const Config& config) {
  const ShadowServerConfig& server = *config.shadow.server;
  const auto address = server_address(server, config.tcp);
  if (!address) return address.error();
  return net::GivenServerOptions{*address, {server.role.user, server.role.password, "postgres"}};
}

}  // namespace

base::Result<net::ShadowOptions> shadow_options(const Config& config) {
  if (config.shadow.mode == "off") {
    return base::Error{base::sqlstate::invalid_parameter_value,
                       "\"shadow.mode\" is \"off\", so nothing can be tried out: set it to \"sidecar\""};
  }
  const auto upstream = server_address(config.upstream, config.tcp);
  if (!upstream) return upstream.error();
  net::ShadowOptions options;
  options.production = *upstream;
  options.login = catalog_login(config);
  if (config.shadow.role) {
    options.login.user = config.shadow.role->user;
    options.login.password = config.shadow.role->password;
  }
  options.sidecar.programs = config.shadow.programs;
  options.dump_programs = config.shadow.dump_programs;
  if (config.shadow.server) {
    const auto given = given_server(config);
    if (!given) return given.error();
    options.given = *given;
    return options;
  }
  // PostgreSQL never runs as root, and what runs in a shadow shall reach nothing of the gate's.
  if (::geteuid() == 0) {
    const auto account = net::account_named(config.shadow.account.empty() ? "nobody" : config.shadow.account);
    if (!account) return account.error();
    options.sidecar.account = *account;
  } else if (!config.shadow.account.empty()) {
    return base::Error{base::sqlstate::invalid_parameter_value,
                       "\"shadow.account\" can be followed by root alone: leave it out, or run this as root"};
  }
  return options;
}

base::Result<std::string> read_catalog(const Config& config) {
  const auto upstream = server_address(config.upstream, config.tcp);
  if (!upstream) return upstream.error();
  return net::dump_catalog(*upstream, catalog_login(config));
}

namespace {

// As the agent's own role, which is among those of the configuration.
net::ServerLogin login_of(const Config& config, const std::string& role) {
  for (const auto& [agent, login] : config.upstream.roles) {
    if (login.user == role) return {login.user, login.password, config.upstream.database};
  }
  return {role, {}, config.upstream.database};
}

struct ReadStatement {
  shadow::StatementReport report;  // of one that is not to be tried out
  std::optional<shadow::Outside> outside{};
  net::ReportWishes wishes{};
};

std::vector<ReadStatement> read(const DryRunOptions& options, const RowNames& names) {
  std::vector<ReadStatement> all;
  on_parser_thread([&] {
    for (const auto& sql : options.statements) {
      const auto facts = sql::analyze(sql);
      auto& one = all.emplace_back();
      one.report.statement = sql;
      one.report.not_tried = facts ? shadow::not_to_be_tried_out(*facts) : std::optional(facts.error());
      if (one.report.not_tried) continue;
      one.outside = shadow::outside_of(facts->statements.front());
      one.wishes.rows = row_question_of(sql, facts->statements.front(), names);
      if (options.target_rows > 0)
        one.wishes.targets = target_question_of(sql, facts->statements.front(), names, options.target_rows);
    }
  });
  return all;
}

}  // namespace

base::Result<TriedOut> try_out(const Config& config, const std::string& role, const DryRunOptions& wanted) {
  const auto fail = [](const base::Error& error) {
    return base::Result<TriedOut>(boost::system::in_place_error, error);
  };
  const auto options = shadow_options(config);
  if (!options) return fail(options.error());
  const auto began = std::chrono::steady_clock::now();
  const auto shadow = net::Shadow::build(*options);
  if (!shadow) return fail(shadow.error());
  const auto production = net::ShadowConnection::open(options->production, catalog_login(config),
                                                      net::ServerConnection::to_look());
  if (!production) return fail(production.error());
  TriedOut tried_out;
  auto& report = tried_out.report;
  const auto agent = login_of(config, role);
  const auto names = row_names(config, options->production, agent);
  const auto all = read(wanted, names);
  tried_out.build_time =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  for (const auto& one : all) {
    report.statements.push_back(one.report);
    if (one.report.not_tried) continue;
    shadow::RunPlan plan;
    plan.statement = one.report.statement;
    plan.settings = (*shadow)->settings_of(role);
    plan.outside = one.outside;
    add_search_path(names, plan.settings);
    report.statements.back() =
        net::report_on({**shadow, **production, options->production, agent}, plan, one.wishes);
  }
  report.role = role;
  report.left_out = (*shadow)->left_out();
  report.without_row = (*shadow)->without_row();
  report.server_version = (*shadow)->server_version();
  return tried_out;
}

}  // namespace portcullis::app
