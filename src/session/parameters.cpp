#include "session/parameters.hpp"

#include <algorithm>
#include <string>

#include "policy/builtins.hpp"

namespace portcullis::session {

using sql::Effect;

namespace {

// pg_type.dat; 0 leaves the type to the server, which takes what the function wants.
constexpr std::uint32_t kText = 25, kVarchar = 1043;

bool is_open(const Effect& effect) {
  if (effect.action != sql::Action::execute_function || effect.argument_parameters.empty()) return false;
  if (!effect.object.schema.empty() && effect.object.schema != "pg_catalog") return false;
  const auto* function = policy::builtin_function("pg_catalog", effect.object.name);
  return function != nullptr && function->decision == policy::BuiltinDecision::object;
}

bool is_text(std::uint32_t number, std::span<const std::uint32_t> types) {
  if (number == 0 || number > types.size()) return true;
  const auto type = types[number - 1];
  return type == 0 || type == kText || type == kVarchar;
}

// Nothing for NULL, and for what is not in text format.
std::optional<std::string> value_of(std::uint32_t number, const wire::Bind& bind) {
  if (number == 0 || number > bind.parameters.size()) return std::nullopt;
  const auto& formats = bind.parameter_formats;
  const std::size_t place = formats.size() == 1 ? 0 : number - 1;
  const bool text = formats.empty() || (place < formats.size() && formats[place] == 0);
  const auto& value = bind.parameters[number - 1];
  if (!text || !value || value->size() > sql::kLongestArgument) return std::nullopt;
  return std::string(*value);
}

}  // namespace

std::optional<sql::Facts> without_open_calls(const sql::Facts& facts, std::span<const std::uint32_t> types) {
  bool found = false;
  for (const auto& statement : facts.statements) {
    for (const auto& effect : statement.effects) {
      if (!is_open(effect)) continue;
      found = true;
      const auto& numbers = effect.argument_parameters;
      if (!std::all_of(numbers.begin(), numbers.end(), [&](auto number) { return is_text(number, types); })) {
        return std::nullopt;
      }
    }
  }
  if (!found) return std::nullopt;
  sql::Facts closed = facts;
  for (auto& statement : closed.statements) std::erase_if(statement.effects, is_open);
  return closed;
}

sql::Facts with_arguments(const sql::Facts& facts, const wire::Bind& bind) {
  sql::Facts given = facts;
  for (auto& statement : given.statements) {
    for (auto& effect : statement.effects) {
      if (!is_open(effect)) continue;
      const std::size_t count = std::min(effect.arguments.size(), effect.argument_parameters.size());
      for (std::size_t i = 0; i < count; ++i) {
        const auto number = effect.argument_parameters[i];
        if (number > 0) effect.arguments[i] = value_of(number, bind);
      }
    }
  }
  return given;
}

}  // namespace portcullis::session
