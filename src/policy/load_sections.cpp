// "functions" and "settings": what is allowed on top of the lists that ship, and what is taken away.
#include "policy/builtin_calls.hpp"
#include "policy/load_context.hpp"
#include "policy/object_name.hpp"
#include "policy/settings.hpp"

namespace portcullis::policy {
namespace {

// Why an entry for one of PostgreSQL's own functions cannot do what it says, or nothing.
std::string wrong_for_own(const FunctionEntry& entry, bool allows) {
  if (!entry.extension.empty() || !is_catalog_schema(entry.name.schema)) return {};
  if (!allows) return {};
  const std::string name = in_quotes(quoted(entry.name));
  if (entry.arguments) return name + " is PostgreSQL's own: write it without arguments";
  const auto why = why_not_openable(entry.name.schema, entry.name.name);
  return why.empty() ? why : name + " cannot be allowed: " + why;
}

void read_entries(LoadContext& context, const JsonValue& list, std::string_view key,
                  std::vector<FunctionEntry>& entries) {
  for (const JsonValue* item : strings_in(context, list, key)) {
    auto parsed = parse_function_entry(item->string);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) {
      context.complain(*item, *wrong);
      continue;
    }
    auto& entry = std::get<FunctionEntry>(parsed);
    if (const auto wrong = wrong_for_own(entry, key == "allow"); !wrong.empty()) {
      context.complain(*item, wrong);
      continue;
    }
    entry.line = item->line;
    entry.column = item->column;
    entries.push_back(std::move(entry));
  }
}

}  // namespace

void read_functions(LoadContext& context, const JsonValue& value) {
  ObjectReader reader(value, "\"functions\"", context.problems);
  if (const auto* allow = reader.take("allow"))
    read_entries(context, *allow, "allow", context.policy.allowed_functions);
  if (const auto* deny = reader.take("deny"))
    read_entries(context, *deny, "deny", context.policy.denied_functions);
  reader.finish();
}

void read_settings(LoadContext& context, const JsonValue& value) {
  ObjectReader reader(value, "\"settings\"", context.problems);
  if (const auto* allow = reader.take("allow")) {
    for (const JsonValue* item : strings_in(context, *allow, "allow")) {
      std::string name;
      const auto wrong = read_setting_name(item->string, name);
      if (!wrong.empty()) {
        context.complain(*item, in_quotes(item->string) + " " + wrong);
      } else {
        context.policy.allowed_settings.insert(std::move(name));
      }
    }
  }
  reader.finish();
}

}  // namespace portcullis::policy
