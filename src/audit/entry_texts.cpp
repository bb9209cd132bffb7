#include "audit/entry_texts.hpp"

#include "audit/unsealer.hpp"

namespace portcullis::audit {
namespace {

// What is sealed, for a person; nothing where the field is not sealed.
std::optional<std::string> sealed_text(const EntryReader& decision, std::string_view field, Unsealer* keys) {
  const auto sealed = decision.sealed();
  if (!sealed || sealed->find(field) == nullptr) return std::nullopt;
  return keys == nullptr ? "[sealed]" : shown(keys->open(decision, field));
}

std::string parameter_text(const JsonLine& json, const JsonLine::Value& parameter) {
  if (json.find(parameter, "null") != nullptr) return "NULL";
  if (const auto* length = json.find(parameter, "length"))
    return "(" + std::string(json.raw(*length)) + " bytes)";
  if (json.find(parameter, "hex") != nullptr) return "\\x" + text_of(json, parameter, "hex");
  return text_of(json, parameter, "text");
}

std::vector<std::string> texts_of_parameters(const JsonLine& json) {
  std::vector<std::string> texts;
  const auto* parameters = json.find(json.root(), "parameters");
  if (parameters == nullptr) return texts;
  for (const auto* one = json.first_child(*parameters); one != nullptr; one = json.next(*one))
    texts.push_back(parameter_text(json, *one));
  return texts;
}

}  // namespace

std::string statement_text(const EntryReader& decision, Unsealer* keys) {
  auto sealed = sealed_text(decision, "text", keys);
  return sealed ? std::move(*sealed) : decision.text("text");
}

// Sealed is the array as it would stand in the entry.
std::vector<std::string> parameter_texts(const EntryReader& decision, Unsealer* keys) {
  const auto sealed = sealed_text(decision, "parameters", keys);
  if (!sealed) return texts_of_parameters(decision.json());
  const std::string line = "{\"parameters\":" + *sealed + "}";
  JsonLine json;
  if (json.parse(line) != JsonLine::Status::complete) return {*sealed};
  return texts_of_parameters(json);
}

std::string stated_reason(const EntryReader& decision, Unsealer* keys) {
  auto sealed = sealed_text(decision, "said", keys);
  if (sealed) return std::move(*sealed);
  const JsonLine& json = decision.json();
  const auto* said = json.find(json.root(), "said");
  return said == nullptr ? std::string{} : decision.text(*said, "reason");
}

std::string refusal_reason(const EntryReader& decision, Unsealer* keys) {
  auto sealed = sealed_text(decision, "reason", keys);
  return sealed ? std::move(*sealed) : decision.text("reason");
}

}  // namespace portcullis::audit
