#include "audit/entry_texts.hpp"

namespace portcullis::audit {
namespace {

constexpr std::string_view kSealed = "[sealed]";

bool is_sealed(const EntryReader& decision, std::string_view field) {
  const auto sealed = decision.sealed();
  return sealed && sealed->find(field) != nullptr;
}

std::string parameter_text(const EntryReader& decision, const JsonLine::Value& parameter) {
  const JsonLine& json = decision.json();
  if (json.find(parameter, "null") != nullptr) return "NULL";
  if (const auto* length = json.find(parameter, "length"))
    return "(" + std::string(json.raw(*length)) + " bytes)";
  if (json.find(parameter, "hex") != nullptr) return "\\x" + decision.text(parameter, "hex");
  return decision.text(parameter, "text");
}

}  // namespace

std::string statement_text(const EntryReader& decision) {
  if (is_sealed(decision, "text")) return std::string(kSealed);
  return decision.text("text");
}

std::vector<std::string> parameter_texts(const EntryReader& decision) {
  std::vector<std::string> texts;
  const JsonLine& json = decision.json();
  const auto* parameters = json.find(json.root(), "parameters");
  if (is_sealed(decision, "parameters")) return {std::string(kSealed)};
  if (parameters == nullptr) return texts;
  for (const auto* one = json.first_child(*parameters); one != nullptr; one = json.next(*one))
    texts.push_back(parameter_text(decision, *one));
  return texts;
}

std::string stated_reason(const EntryReader& decision) {
  if (is_sealed(decision, "said")) return std::string(kSealed);
  const JsonLine& json = decision.json();
  const auto* said = json.find(json.root(), "said");
  return said == nullptr ? std::string{} : decision.text(*said, "reason");
}

}  // namespace portcullis::audit
