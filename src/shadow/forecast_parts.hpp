// What the parts of the forecast share; nobody else needs it.
#pragma once

#include "shadow/forecast.hpp"

namespace portcullis::shadow {

// It was there before the statement, under a name that a relation can have.
[[nodiscard]] inline bool is_forecast(const RelationFacts& relation) noexcept {
  constexpr std::size_t kLongestName = 63;
  return !relation.is_new && !relation.schema.empty() && relation.schema.size() <= kLongestName &&
         !relation.name.empty() && relation.name.size() <= kLongestName;
}

[[nodiscard]] inline bool is_index(char kind) noexcept {
  return kind == 'i' || kind == 'I';
}

[[nodiscard]] inline std::string qualified(const RelationForecast& relation) {
  return relation.schema + "." + relation.name;
}

// Sets `duration` and `basis` by what is known of the relations.
void estimate_duration(const RunFacts& facts, Forecast& forecast);

}  // namespace portcullis::shadow
