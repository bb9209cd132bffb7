#include "policy/load_context.hpp"

#include <algorithm>

namespace portcullis::policy {
namespace {

using Kind = JsonValue::Kind;

std::string_view form_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::string: return "a string";
    case Kind::array: return "a list";
    case Kind::object: return "an object";
    case Kind::integer: return "a whole number";
    case Kind::boolean: return "true or false";
    case Kind::null:
    case Kind::number: break;
  }
  return "another value";
}

}  // namespace

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

bool is_plain_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
  });
}

const JsonValue* require(LoadContext& context, ObjectReader& reader, const JsonValue& object,
                         std::string_view what, std::string_view key, Kind kind) {
  const JsonValue* value = reader.take(key);
  if (value == nullptr) {
    context.complain(object,
                     std::string(what) + " lacks " + in_quotes(key) + ", " + std::string(form_of(kind)));
    return nullptr;
  }
  if (value->kind == kind) return value;
  context.complain(*value, in_quotes(key) + " must be " + std::string(form_of(kind)));
  return nullptr;
}

std::vector<const JsonValue*> strings_in(LoadContext& context, const JsonValue& list, std::string_view key) {
  std::vector<const JsonValue*> strings;
  if (list.kind != Kind::array || list.items.empty()) {
    context.complain(list, in_quotes(key) + " must be a list of at least one string");
    return strings;
  }
  std::set<std::string_view> seen;
  for (const JsonValue& item : list.items) {
    if (item.kind != Kind::string) {
      context.complain(item, in_quotes(key) + " must hold strings only");
    } else if (!seen.insert(item.string).second) {
      context.complain(item,
                       in_quotes(item.string) + " stands twice in " + in_quotes(key) + ": take one out");
    } else {
      strings.push_back(&item);
    }
  }
  return strings;
}

}  // namespace portcullis::policy
