#include "audit/filter.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

using Value = JsonLine::Value;

constexpr std::size_t kTraceIdDigits = 32;

bool is_text(const std::string& wanted, const EntryReader& entry, std::string_view key) {
  return wanted.empty() || entry.text(key) == wanted;
}

bool asks_for_effect(const EntryFilter& filter) {
  return !filter.table.empty() || !filter.action.empty();
}

bool has_column(const EntryReader& entry, const Value& effect, const std::string& column) {
  if (entry.json().find(effect, "all_columns") != nullptr) return true;
  const auto columns = texts_of(entry, effect, "columns");
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

bool is_effect(const EntryFilter& filter, const EntryReader& entry, const Value& effect) {
  if (!filter.action.empty() && entry.text(effect, "action") != filter.action) return false;
  if (!filter.table.empty() && !names_table(filter.table, entry.text(effect, "object"))) return false;
  if (filter.direct && !entry.text(effect, "route").empty()) return false;
  return filter.column.empty() || has_column(entry, effect, filter.column);
}

template <class Test>
bool any_effect(const EntryReader& entry, const Test& test) {
  const JsonLine& json = entry.json();
  const Value* effects = json.find(json.root(), "effects");
  if (effects == nullptr || effects->kind != JsonLine::Kind::array) return false;
  for (const Value* effect = json.first_child(*effects); effect != nullptr; effect = json.next(*effect)) {
    if (test(*effect)) return true;
  }
  return false;
}

bool has_rule(const std::string& rule, const EntryReader& entry) {
  return entry.text("rule") == rule ||
         any_effect(entry, [&](const Value& effect) { return entry.text(effect, "rule") == rule; });
}

bool has_kind(const std::string& kind, const EntryReader& entry) {
  const auto kinds = texts_of(entry, entry.json().root(), "kinds");
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

// "00-<trace id>-<span id>-01".
bool has_trace(const std::string& wanted, const EntryReader& entry) {
  const std::string trace = entry.text("trace");
  return trace == wanted ||
         (wanted.size() == kTraceIdDigits && trace.find('-' + wanted + '-') != std::string::npos);
}

bool is_in_time(const EntryFilter& filter, std::int64_t micros) {
  return (!filter.since || micros >= *filter.since) && (!filter.until || micros < *filter.until);
}

}  // namespace

bool is_of_session(const EntryFilter& filter, const SessionFacts* who) {
  if (filter.owner.empty() && filter.login.empty()) return true;
  if (who == nullptr) return false;
  return (filter.owner.empty() || who->owner == filter.owner) &&
         (filter.login.empty() || who->login == filter.login);
}

bool names_table(std::string_view wanted, std::string_view object) noexcept {
  if (!wanted.ends_with(".*")) return object == wanted;
  const std::string_view schema = wanted.substr(0, wanted.size() - 1);  // "app."
  return object.size() > schema.size() && object.starts_with(schema);
}

std::vector<std::string> texts_of(const EntryReader& entry, const Value& object, std::string_view key) {
  std::vector<std::string> texts;
  const JsonLine& json = entry.json();
  const Value* array = json.find(object, key);
  if (array == nullptr || array->kind != JsonLine::Kind::array) return texts;
  for (const Value* text = json.first_child(*array); text != nullptr; text = json.next(*text)) {
    const bool clear = text->kind == JsonLine::Kind::string;
    texts.push_back(clear ? json.text(*text) : base::from_base64(entry.text(*text, "base64")).value_or(""));
  }
  return texts;
}

SessionFacts read_session(const EntryReader& login) {
  SessionFacts facts;
  facts.session = static_cast<std::uint64_t>(login.number("session").value_or(0));
  facts.index = login.index();
  facts.agent = login.text("agent");
  facts.owner = login.text("owner");
  facts.login = login.text("login");
  facts.client = login.text("client");
  facts.application = login.text("application");
  facts.database = login.text("database");
  facts.role = login.text("role");
  facts.auth = login.text("auth");
  return facts;
}

bool matches(const EntryFilter& filter, const EntryReader& entry, const SessionFacts* who) {
  if (entry.index() < filter.from || entry.index() > filter.to) return false;
  if (filter.type && *filter.type != entry.type()) return false;
  if (!is_in_time(filter, entry.micros())) return false;
  if (!is_text(filter.agent, entry, "agent") || !is_text(filter.verdict, entry, "verdict")) return false;
  if (!is_text(filter.sqlstate, entry, "sqlstate")) return false;
  if (filter.session && entry.number("session") != static_cast<std::int64_t>(*filter.session)) return false;
  if (!is_of_session(filter, who)) return false;
  if (!filter.rule.empty() && !has_rule(filter.rule, entry)) return false;
  if (!filter.kind.empty() && !has_kind(filter.kind, entry)) return false;
  if (!filter.trace.empty() && !has_trace(filter.trace, entry)) return false;
  return !asks_for_effect(filter) ||
         any_effect(entry, [&](const Value& effect) { return is_effect(filter, entry, effect); });
}

}  // namespace portcullis::audit
