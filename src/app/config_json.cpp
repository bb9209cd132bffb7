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
  if (config.tls)
    json["tls"] = {{"certificate", config.tls->certificate.string()}, {"key", config.tls->key.string()}};
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

Json upstream(const UpstreamConfig& config) {
  Json json{{"allow_superuser", config.allow_superuser},
            {"catalog", catalog(config.catalog)},
            {"database", config.database},
            {"host", config.host},
            {"port", config.port},
            {"roles", roles(config)},
            {"search_path", config.search_path},
            {"sslmode", config.sslmode}};
  if (!config.root_certificate.empty()) json["root_certificate"] = config.root_certificate.string();
  return json;
}

Json audit(const AuditConfig& config) {
  return {{"directory", config.directory.string()},
          {"origin", config.origin},
          {"text", config.store_text ? "plain" : "none"}};
}

Json limits(const LimitsConfig& config) {
  return {{"authentication_time_ms", config.authentication_time.count()},
          {"reconnect_time_ms", config.reconnect_time.count()},
          {"connections", config.connections},
          {"drain_time_ms", config.drain_time.count()},
          {"statement_bytes", config.statement_bytes}};
}

Json logins(const Config& config) {
  Json names = Json::array();
  for (const auto& [login, verifier] : config.logins) names.push_back(login);
  return {{"file", config.logins_file.string()}, {"names", std::move(names)}};
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
                  {"threads", config.threads},
                  {"upstream", upstream(config.upstream)}};
  // A path need not be UTF-8: what is not is replaced rather than thrown over.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace portcullis::app
