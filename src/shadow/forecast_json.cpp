// A forecast for programs. Its fields are a contract: docs/dry-run.md.
#include <nlohmann/json.hpp>

#include "shadow/forecast.hpp"

namespace portcullis::shadow {
namespace {

using Json = nlohmann::ordered_json;

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json to_value(const LockHolder& holder) {
  Json value{{"pid", holder.pid == 0 ? Json(nullptr) : Json(holder.pid)},
             {"user", or_null(holder.user)},
             {"state", or_null(holder.state)},
             {"type", or_null(holder.type)},
             {"mode", name(holder.mode)},
             {"granted", holder.is_granted},
             {"transaction_ms", holder.age ? Json(holder.age->count()) : Json(nullptr)}};
  if (holder.pid == 0) value["prepared"] = holder.prepared;
  if (holder.prevents_wraparound) value["prevents_wraparound"] = true;
  return value;
}

Json to_value(const RelationForecast& relation) {
  Json value{{"schema", relation.schema},
             {"name", relation.name},
             {"found", relation.is_found},
             {"bars", name(relation.barred)}};
  if (!relation.is_found) return value;
  value["rows"] = or_null(relation.rows);
  value["bytes"] = or_null(relation.bytes);
  value["index_bytes"] = or_null(relation.index_bytes);
  value["sessions"] = relation.sessions;
  value["in_the_way"] = relation.in_the_way;
  value["holders"] = Json::array();
  for (const auto& holder : relation.holders) value["holders"].push_back(to_value(holder));
  return value;
}

}  // namespace

std::string to_json(const Forecast& forecast, int indent) {
  Json json{{"confidence", "estimated"},
            {"duration", forecast.duration ? Json(name(*forecast.duration)) : Json(nullptr)},
            {"basis", forecast.basis},
            {"relations", Json::array()}};
  for (const auto& relation : forecast.relations) json["relations"].push_back(to_value(relation));
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace portcullis::shadow
