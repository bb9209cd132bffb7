#include "replay/past_decision.hpp"

#include <algorithm>
#include <string_view>
#include <variant>

#include "base/encoding.hpp"
#include "policy/builtins.hpp"
#include "policy/object_name.hpp"

namespace portcullis::replay {
namespace {

using audit::EntryReader;
using audit::JsonLine;
using Value = JsonLine::Value;
using policy::ObjectArgument;
using sql::Action;

// The fields of one object in an entry.
class Fields {
 public:
  Fields(const EntryReader& entry, const Value& object) : entry_(entry), object_(object) {}

  [[nodiscard]] std::string text(std::string_view key) const { return entry_.text(object_, key); }
  [[nodiscard]] const Value* find(std::string_view key) const { return json().find(object_, key); }
  [[nodiscard]] bool has(std::string_view key) const {
    return find(key) != nullptr || find(std::string(key) + "_base64") != nullptr;
  }
  [[nodiscard]] bool flag(std::string_view key) const {
    const Value* value = find(key);
    return value != nullptr && json().raw(*value) == "true";
  }
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view key) const {
    const Value* value = find(key);
    return value == nullptr ? std::nullopt : json().integer(*value);
  }
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const {
    std::vector<std::string> texts;
    const Value* array = find(key);
    for (const Value* one = array == nullptr ? nullptr : json().first_child(*array); one != nullptr;
         one = json().next(*one)) {
      texts.push_back(one->kind == JsonLine::Kind::string
                          ? json().text(*one)
                          : base::from_base64(entry_.text(*one, "base64")).value_or(""));
    }
    return texts;
  }
  [[nodiscard]] const EntryReader& entry() const { return entry_; }

 private:
  [[nodiscard]] const JsonLine& json() const { return entry_.json(); }
  const EntryReader& entry_;
  const Value& object_;
};

std::optional<policy::Outcome> outcome_named(std::string_view text) {
  using policy::Outcome;
  for (const Outcome outcome : {Outcome::allow, Outcome::would_deny, Outcome::ask, Outcome::deny}) {
    if (text == policy::name(outcome)) return outcome;
  }
  return std::nullopt;
}

sql::Name name_of(const Fields& traits, const std::string& object) {
  auto parts = traits.texts("parts");
  if (parts.empty() || parts.size() > 3) return sql::plain_name_of(object);
  parts.insert(parts.begin(), 3 - parts.size(), std::string());
  return {std::move(parts[0]), std::move(parts[1]), std::move(parts[2])};
}

std::optional<sql::AddedColumn> added_column(const Fields& traits) {
  if (!traits.has("column")) return std::nullopt;
  sql::AddedColumn column;
  column.column = traits.text("column");
  const auto expression = traits.text("default");
  if (expression == "constant") column.default_expression = sql::DefaultExpression::constant;
  if (expression == "other") column.default_expression = sql::DefaultExpression::other;
  column.nullable = !traits.flag("not_null");
  column.base_type = !traits.flag("other_type");
  column.inline_constraint = traits.flag("constraint");
  return column;
}

// The constants of the call that name something; for set_config() the value behind the name, or any in its
// place.
std::vector<std::optional<std::string>> arguments_of(const Fields& traits, const sql::Effect& call) {
  std::vector<std::optional<std::string>> arguments;
  for (auto& name : traits.texts("names")) {
    arguments.emplace_back();
    if (!name.empty()) arguments.back() = std::move(name);
  }
  const auto* listed = policy::builtin_function(call.object.schema, call.object.name);
  const bool sets =
      listed != nullptr && std::any_of(listed->objects.begin(), listed->objects.end(), [](const auto& o) {
        return o.kind == ObjectArgument::Kind::setting && o.mode != ObjectArgument::Mode::read;
      });
  if (!sets || arguments.empty() || traits.flag("computed")) return arguments;
  const auto values = traits.texts("values");
  arguments.emplace_back(values.empty() ? "?" : values.front());
  return arguments;
}

sql::Effect effect_of(const Fields& effect, const Fields& traits, Action action, sql::ObjectKind kind) {
  sql::Effect made{};
  made.action = action;
  made.kind = kind;
  made.object = name_of(traits, effect.text("object"));
  made.columns = effect.texts("columns");
  made.added_column = added_column(traits);
  made.has_where = traits.flag("where");
  made.missing_ok = traits.flag("missing_ok");
  if (action == Action::execute_function) {
    made.arguments = arguments_of(traits, made);
  } else {
    made.values = traits.texts("values");
    made.value_is_constant = !traits.flag("computed");
  }
  return made;
}

// Reads one effect into the decision; what cannot be told makes it unclear.
class EffectReader {
 public:
  explicit EffectReader(PastDecision& decision) : decision_(decision) {}

  void read(const Fields& effect) {
    decision_.effects.push_back({effect.text("action"), effect.text("object"), effect.text("outcome"),
                                 effect.text("ground"), effect.text("rule"), effect.text("route")});
    if (!decision_.unclear.empty()) return;
    const Value* traits = effect.find("traits");
    if (traits == nullptr) return unclear("it was recorded without the traits of its effects");
    read(effect, {effect.entry(), *traits});
  }

 private:
  void unclear(std::string why) { decision_.unclear = std::move(why); }

  void read(const Fields& effect, const Fields& traits) {
    const auto action = sql::action_named(effect.text("action"));
    const auto kind =
        traits.has("kind") ? sql::object_kind_named(traits.text("kind")) : sql::ObjectKind::relation;
    const auto via = traits.has("via") ? catalog::via_named(traits.text("via")) : catalog::Via::written;
    if (!action || !kind || !via) return unclear("this version does not know what it did");
    catalog::ResolvedEffect resolved;
    resolved.effect = effect_of(effect, traits, *action, *kind);
    resolved.all_columns = effect.flag("all_columns");
    resolved.via = *via;
    const auto cause = traits.number("cause");
    if (cause && *cause >= static_cast<std::int64_t>(decision_.resolution.effects.size()))
      return unclear("the record does not say what brings an effect about");
    resolved.cause = cause ? static_cast<std::int32_t>(*cause) : -1;
    resolved.oid = static_cast<catalog::Oid>(traits.number("oid").value_or(catalog::kNoOid));
    resolved.missing = traits.flag("missing");
    const auto relation = traits.text("relation");
    if (!relation.empty()) resolved.relation_kind = static_cast<catalog::RelationKind>(relation.front());
    resolved.arguments = traits.text("arguments");
    resolved.body_hash = traits.text("body");
    resolved.extension = traits.text("extension");
    if (traits.has("casts")) return unclear("it may call a user's cast to json, which stands in the catalog");
    note_known(resolved, traits);
    decision_.resolution.effects.push_back(std::move(resolved));
  }

  void note_known(const catalog::ResolvedEffect& resolved, const Fields& traits) {
    const auto& effect = resolved.effect;
    if (resolved.oid != catalog::kNoOid && effect.kind == sql::ObjectKind::relation) {
      policy::KnownRelation relation{resolved.oid, {effect.object}};
      for (const auto& name : traits.texts("part_of")) add_name(name, relation.names);
      decision_.known.relations.push_back(std::move(relation));
    }
    if (resolved.oid != catalog::kNoOid && effect.kind == sql::ObjectKind::function)
      decision_.known.functions.push_back({effect.object, resolved.arguments, resolved.body_hash});
    const auto owner = traits.texts("owner");
    if (owner.empty()) return;
    std::vector<sql::Name> names;
    add_name(owner.front(), names);
    for (const auto& named : traits.texts("names")) add_name(named, names);
    if (names.size() == 2)
      decision_.known.sequences.push_back({names[1], names[0], owner.size() > 1 ? owner[1] : std::string()});
  }

  static void add_name(const std::string& text, std::vector<sql::Name>& names) {
    auto name = policy::parse_object_name(text);
    if (std::holds_alternative<sql::Name>(name)) names.push_back(std::get<sql::Name>(std::move(name)));
  }

  PastDecision& decision_;
};

// By names alone PostgreSQL's own object stood for others of its name too, of which nothing was kept.
bool stands_for_others(const catalog::Resolution& resolution) {
  return std::any_of(resolution.effects.begin(), resolution.effects.end(), [](const auto& resolved) {
    const auto kind = resolved.effect.kind;
    const bool is_named = kind == sql::ObjectKind::function || kind == sql::ObjectKind::relation;
    return is_named && policy::is_catalog_schema(resolved.effect.object.schema);
  });
}

void read_effects(const Fields& fields, PastDecision& decision) {
  const auto& json = fields.entry().json();
  const Value* effects = fields.find("effects");
  if (effects == nullptr) return;
  EffectReader reader(decision);
  for (const Value* one = json.first_child(*effects); one != nullptr; one = json.next(*one))
    reader.read({fields.entry(), *one});
  decision.resolution.has_catalog = fields.has("catalog");
  if (decision.unclear.empty() && !decision.resolution.has_catalog && stands_for_others(decision.resolution))
    decision.unclear = "it was judged by names alone";
}

void read_said(const Fields& fields, PastDecision& decision) {
  const Value* value = fields.find("said");
  if (value == nullptr) return;
  constexpr double kWhole = 10'000;
  const Fields said(fields.entry(), *value);
  decision.said_reason = said.text("reason");
  if (const auto confidence = said.number("confidence"))
    decision.said_confidence = static_cast<double>(*confidence) / kWhole;
}

}  // namespace

PastDecision past_decision(const EntryReader& entry) {
  const Fields fields(entry, entry.json().root());
  PastDecision decision;
  decision.index = entry.index();
  decision.micros = entry.micros();
  decision.session = fields.number("session").value_or(0);
  decision.agent = fields.text("agent");
  decision.message = fields.text("message");
  decision.sqlstate = fields.text("sqlstate");
  decision.reason = fields.text("reason");
  decision.policy = fields.text("policy");
  decision.kinds = fields.texts("kinds");
  decision.limits = fields.texts("limits");
  decision.rows_counted = fields.has("rows_limit");
  decision.tried_out = fields.has("dry_run");
  decision.text = fields.text("text");
  decision.has_text_left_out = decision.text.empty() && fields.number("text_length").value_or(0) > 0;
  const auto verdict = outcome_named(fields.text("verdict"));
  if (!verdict) decision.unclear = "this version does not know its verdict";
  decision.verdict = verdict.value_or(policy::Outcome::deny);
  read_effects(fields, decision);
  read_said(fields, decision);
  return decision;
}

}  // namespace portcullis::replay
