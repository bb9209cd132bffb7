#include <nlohmann/json.hpp>

#include "app/config.hpp"

namespace portcullis::app {
namespace {

using Json = nlohmann::json;  // its objects sort their keys

std::string_view name(base::log::Level level) {
  switch (level) {
    case base::log::Level::debug: return "debug";
    case base::log::Level::info: return "info";
    case base::log::Level::warning: return "warning";
    case base::log::Level::error: return "error";
  }
  return "";
}

Json listen(const ListenConfig& config) {
  Json json{{"address", config.address}, {"port", config.port}};
  if (config.tls) {
    Json& tls = json["tls"];
    tls = {{"certificate", config.tls->certificate.string()}, {"key", config.tls->key.string()}};
    if (!config.tls->client_ca.empty()) {
      tls["client_ca"] = config.tls->client_ca.string();
      tls["client_certificate"] = config.tls->certificate_required ? "required" : "optional";
    }
  }
  return json;
}

Json role(const RoleConfig& config) {
  Json json{{"user", config.user}};
  if (!config.password_file.empty()) json["password_file"] = config.password_file.string();
  return json;
}

Json roles(const UpstreamConfig& config) {
  Json json = Json::object();
  for (const auto& [agent, its_role] : config.roles) json[agent] = role(its_role);
  return json;
}

Json catalog(const CatalogConfig& config) {
  Json json = role(config.role);
  json["oldest_ms"] = config.oldest.count();
  json["poll_ms"] = config.poll.count();
  return json;
}

Json server(const ServerConfig& config) {
  Json json{{"channel_binding", config.channel_binding},
            {"host", config.host},
            {"max_protocol_version", config.max_protocol_version},
            {"port", config.port},
            {"sslmode", config.sslmode},
            {"sslnegotiation", config.direct_tls ? "direct" : "postgres"}};
  if (!config.root_certificate.empty()) json["root_certificate"] = config.root_certificate.string();
  return json;
}

Json upstream(const UpstreamConfig& config) {
  Json json = server(config);
  json["allow_superuser"] = config.allow_superuser;
  json["catalog"] = catalog(config.catalog);
  json["database"] = config.database;
  json["reuse"] = {{"age_ms", config.reuse.age.count()},
                   {"connections", config.reuse.connections},
                   {"idle_time_ms", config.reuse.idle_time.count()}};
  json["roles"] = roles(config);
  json["search_path"] = config.search_path;
  return json;
}

Json anchors(const AuditConfig& config) {
  Json json = Json::object();
  for (const AnchorConfig& anchor : config.anchors) {
    json[anchor.name] = {{"command", anchor.command},
                         {"file", anchor.file.string()},
                         {"require", anchor.require},
                         {"within_ms", anchor.within.count()}};
  }
  return json;
}

const char* text_name(audit::TextMode mode) {
  switch (mode) {
    case audit::TextMode::plain: return "plain";
    case audit::TextMode::sealed: return "sealed";
    case audit::TextMode::none: return "none";
  }
  return "";
}

Json retention(const AuditConfig& config) {
  Json json = Json::object();
  for (const auto& [kind, kept] : config.retention) json[kind] = kept.count();
  return json;
}

Json audit(const AuditConfig& config) {
  return {{"anchors", anchors(config)},
          {"directory", config.directory.string()},
          {"erasers", config.erasers},
          {"key", config.key.file.string()},
          {"origin", config.origin},
          {"previous_key", config.previous_key.file.string()},
          {"reads_within_ms", config.reads_within.count()},
          {"retention_ms", retention(config)},
          {"segment_age_ms", config.segment_age.count()},
          {"sealing_keys", config.sealing_keys.string()},
          {"text", text_name(config.text)}};
}

Json limits(const LimitsConfig& config) {
  return {{"authentication_time_ms", config.authentication_time.count()},
          {"reconnect_time_ms", config.reconnect_time.count()},
          {"connections", config.connections},
          {"connections_per_address", config.connections_per_address},
          {"drain_time_ms", config.drain_time.count()},
          {"login_delay_ms", config.login_delay.count()},
          {"logins_pending", config.logins_pending},
          {"idle_in_transaction_time_ms", config.idle_in_transaction_time.count()},
          {"idle_time_ms", config.idle_time.count()},
          {"message_bytes", config.message_bytes},
          {"portals", config.portals},
          {"prepared_statements", config.prepared_statements},
          {"statement_bytes", config.statement_bytes}};
}

Json shadow(const ShadowConfig& config) {
  Json json = {{"account", config.account},
               {"dump_programs", config.dump_programs.string()},
               {"mode", config.mode},
               {"programs", config.programs.string()}};
  if (config.role) json["user"] = config.role->user;
  if (config.server) {
    json["server"] = server(*config.server);
    json["server"].update(role(config.server->role));
  }
  return json;
}

Json tcp(const TcpConfig& config) {
  return {{"keepalive_count", config.keepalive_count},
          {"keepalive_idle_ms", config.keepalive_idle.count()},
          {"keepalive_interval_ms", config.keepalive_interval.count()},
          {"user_timeout_ms", config.user_timeout.count()}};
}

Json logins(const Config& config) {
  Json names = Json::array();
  Json certificates = Json::object();
  for (const auto& [login, entry] : config.logins) {
    names.push_back(login);
    if (!entry.certificate.empty()) certificates[login] = entry.certificate;
  }
  Json json{{"file", config.logins_file.string()}, {"names", std::move(names)}};
  if (!certificates.empty()) json["certificates"] = std::move(certificates);
  return json;
}

}  // namespace

std::string to_json_without_secrets(const Config& config, bool monitors) {
  const Json json{{"audit", audit(config.audit)},
                  {"file", config.file.string()},
                  {"limits", limits(config.limits)},
                  {"listen", listen(config.listen)},
                  {"log", {{"level", name(config.log_level)}}},
                  {"logins", logins(config)},
                  {"mode", monitors ? "monitor" : "enforce"},
                  {"policy", config.policy_file.string()},
                  {"shadow", shadow(config.shadow)},
                  {"tcp", tcp(config.tcp)},
                  {"threads", config.threads},
                  {"upstream", upstream(config.upstream)}};
  // A path need not be UTF-8: what is not is replaced rather than thrown over.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace portcullis::app
