#include "audit/entry_texts.hpp"

namespace portcullis::audit {
namespace {

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
  return decision.text("text");
}

std::vector<std::string> parameter_texts(const EntryReader& decision) {
  std::vector<std::string> texts;
  const JsonLine& json = decision.json();
  const auto* parameters = json.find(json.root(), "parameters");
  if (parameters == nullptr) return texts;
  for (const auto* one = json.first_child(*parameters); one != nullptr; one = json.next(*one))
    texts.push_back(parameter_text(decision, *one));
  return texts;
}

std::string stated_reason(const EntryReader& decision) {
  const JsonLine& json = decision.json();
  const auto* said = json.find(json.root(), "said");
  return said == nullptr ? std::string{} : decision.text(*said, "reason");
}

}  // namespace portcullis::audit
