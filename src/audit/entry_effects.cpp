// Effects in the entry of a decision, and what judging them again needs.
#include <algorithm>

#include "audit/entry_writer.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {

void write_texts(std::string& out, const std::vector<std::string>& texts) {
  ArrayWriter array(out);
  for (const auto& text : texts) array.text(text);
  array.end();
}

namespace {

void write_texts_unless_empty(ObjectWriter& object, std::string& out, std::string_view key,
                              const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  object.key(key);
  write_texts(out, texts);
}

void write_flag(ObjectWriter& object, std::string_view key, bool value) {
  if (value) object.boolean(key, true);
}

// A text in base64 is one level deeper, which is one more than an entry may have: then they are left out.
bool fits_depth(const EffectTraits& traits) {
  const auto is_plain = [](const std::vector<std::string>& texts) {
    return std::all_of(texts.begin(), texts.end(), [](const auto& text) {
      return base::is_valid_utf8(text) && text.find('\0') == std::string::npos;
    });
  };
  return is_plain(traits.casts) && is_plain(traits.names) && is_plain(traits.owner) &&
         is_plain(traits.part_of) && is_plain(traits.parts) && is_plain(traits.values);
}

void write_traits(std::string& out, const EffectTraits& traits) {
  ObjectWriter object(out);
  if (traits.arguments) object.text("arguments", *traits.arguments);
  object.text_unless_empty("body", traits.body);
  write_texts_unless_empty(object, out, "casts", traits.casts);
  if (traits.cause) object.number("cause", *traits.cause);
  if (traits.column) object.text("column", *traits.column);
  write_flag(object, "computed", traits.computed);
  write_flag(object, "constraint", traits.constraint);
  object.text_unless_empty("default", traits.column_default);
  object.text_unless_empty("extension", traits.extension);
  object.text_unless_empty("kind", traits.kind);
  write_flag(object, "missing", traits.missing);
  write_flag(object, "missing_ok", traits.missing_ok);
  write_texts_unless_empty(object, out, "names", traits.names);
  write_flag(object, "not_null", traits.not_null);
  if (traits.oid) object.number("oid", *traits.oid);
  write_flag(object, "other_type", traits.other_type);
  write_texts_unless_empty(object, out, "owner", traits.owner);
  write_texts_unless_empty(object, out, "part_of", traits.part_of);
  write_texts_unless_empty(object, out, "parts", traits.parts);
  object.text_unless_empty("relation", traits.relation);
  write_texts_unless_empty(object, out, "values", traits.values);
  object.text_unless_empty("via", traits.via);
  write_flag(object, "where", traits.where);
  object.end();
}

}  // namespace

void write_effects(std::string& out, const std::vector<EffectRecord>& effects) {
  ArrayWriter array(out);
  for (const auto& effect : effects) {
    array.next();
    ObjectWriter object(out);
    object.text("action", effect.action);
    if (effect.all_columns) object.boolean("all_columns", true);
    if (!effect.columns.empty()) {
      object.key("columns");
      write_texts(out, effect.columns);
    }
    object.text_unless_empty("ground", effect.ground);
    object.text_unless_empty("object", effect.object);
    object.text("outcome", effect.outcome);
    object.text_unless_empty("reason", effect.reason);
    object.text_unless_empty("route", effect.route);
    object.text_unless_empty("rule", effect.rule);
    if (effect.traits && fits_depth(*effect.traits)) {
      object.key("traits");
      write_traits(out, *effect.traits);
    }
    object.end();
  }
  array.end();
}

}  // namespace portcullis::audit
