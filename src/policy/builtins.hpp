// The lists that ship: what of PostgreSQL's own functions and catalogs an agent may use without a rule.
// Generated from the reviewed files in policies/builtin/ (README there); what stands in neither list is
// refused, so that what a newer PostgreSQL brings is refused until it was reviewed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace portcullis::policy {

enum class BuiltinDecision : std::uint8_t { allow, object, limited, refuse };

// What an argument must be for a function that is "object": a constant that names something allowed.
struct ObjectArgument {
  enum class Kind : std::uint8_t { sequence, setting, type, column_definitions };
  enum class Mode : std::uint8_t { use, read, write };
  std::uint8_t position = 0;  // from 0
  Kind kind = Kind::type;
  Mode mode = Mode::use;
};

struct BuiltinFunction {
  std::string_view name;
  BuiltinDecision decision = BuiltinDecision::refuse;  // the strictest of its overloads
  std::span<const ObjectArgument> objects{};
  bool json_cast = false;     // calls a user's cast to json that it finds at run time
  std::string_view reason{};  // one clause, lower case
};
// `schema` is pg_catalog or information_schema. Null: not on the list, which is a refusal.
[[nodiscard]] const BuiltinFunction* builtin_function(std::string_view schema,
                                                      std::string_view name) noexcept;

struct BuiltinCatalog {
  std::string_view schema, name;
  BuiltinDecision decision = BuiltinDecision::refuse;  // allow, limited, refuse
  std::span<const std::string_view> denied_columns{};  // of a limited one: these, *, and the whole row
  std::string_view reason{};
};
[[nodiscard]] const BuiltinCatalog* builtin_catalog(std::string_view schema, std::string_view name) noexcept;

}  // namespace portcullis::policy
