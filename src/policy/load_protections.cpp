// Protections, and the pieces that rules have too: ids, names of objects, actions.
#include "policy/load_context.hpp"
#include "policy/object_pattern.hpp"

namespace portcullis::policy {

using Kind = JsonValue::Kind;

void read_id(LoadContext& context, ObjectReader& reader, const JsonValue& object, std::string_view what,
             std::string& id) {
  const auto* value = require(context, reader, object, what, "id", Kind::string);
  if (value == nullptr) return;
  id = value->string;
  if (!is_plain_name(id)) {
    context.complain(*value, "the id is " + in_quotes(id) +
                                 ": write 1 to 63 bytes of letters, digits, \"_\", \"-\" and \".\"");
  } else if (!context.ids.insert(id).second) {
    context.complain(*value,
                     "the id " + in_quotes(id) + " is used twice: rules and protections share their ids");
  }
}

std::vector<ObjectPattern> read_patterns(LoadContext& context, const JsonValue& list) {
  std::vector<ObjectPattern> patterns;
  for (const JsonValue* item : strings_in(context, list, "on")) {
    auto parsed = parse_object_pattern(item->string);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) {
      context.complain(*item, *wrong);
      continue;
    }
    auto& pattern = patterns.emplace_back(std::get<ObjectPattern>(std::move(parsed)));
    pattern.line = item->line;
    pattern.column = item->column;
  }
  return patterns;
}

std::optional<ActionSet> read_action(LoadContext& context, const JsonValue& word) {
  auto actions = actions_matching(word.string);
  if (!actions)
    context.complain(word, "unknown action " + in_quotes(word.string) + suggest_action(word.string));
  return actions;
}

void read_protection(LoadContext& context, const JsonValue& value) {
  if (value.kind != Kind::object) {
    return context.complain(value, "a protection is an object: write { \"id\": ..., \"on\": [...] }");
  }
  Protection protection;
  ObjectReader reader(value, "a protection", context.problems);
  read_id(context, reader, value, "the protection", protection.id);
  if (const auto* on = require(context, reader, value, "the protection", "on", Kind::array)) {
    protection.on = read_patterns(context, *on);
  }
  if (const auto* except = reader.take("except")) {
    for (const JsonValue* word : strings_in(context, *except, "except")) {
      if (const auto actions = read_action(context, *word)) protection.except |= *actions;
    }
  }
  reader.finish();
  ActionSet covered = *actions_matching("all");
  covered -= protection.except;
  if (covered.empty()) context.complain(value, "the protection excepts every action: take it out");
  context.policy.protections.push_back(std::move(protection));
}

}  // namespace portcullis::policy
