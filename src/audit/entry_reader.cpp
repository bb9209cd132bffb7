#include "audit/entry_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "audit/entry_schema.hpp"
#include "audit/format.hpp"
#include "audit/sealing_crypto.hpp"
#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

using Value = JsonLine::Value;
using Kind = JsonLine::Kind;

constexpr std::array<std::string_view, 19> kTypeNames{
    "segment", "open",   "recovered", "close",   "heartbeat", "session", "decision",
    "outcome", "policy", "config",    "dry_run", "key",       "counted", "anchor",
    "erase",   "hold",   "read",      "export",  "prune"};
constexpr std::string_view kBase64Suffix = "_base64";
constexpr std::size_t kHashCharacters = 43;
constexpr std::size_t kSealCharacters = 11;

ReadProblem problem(std::string_view check, std::string message) {
  return {std::string(check), std::move(message), false};
}

bool is_base64(const JsonLine& json, const Value& value) {
  return value.kind == Kind::string && base::from_base64(json.raw(value)).has_value();
}

bool is_text_element(const JsonLine& json, const Value& value) {
  if (value.kind == Kind::string) return true;
  const Value* only = value.kind == Kind::object ? json.first_child(value) : nullptr;
  return only != nullptr && only->next == 0 && json.key(*only) == "base64" && is_base64(json, *only);
}

bool is_hash(std::string_view text) {
  return text.size() == kHashCharacters && base::is_base64url(text);
}

bool has_form(const JsonLine& json, const Value& value, FieldForm form);

const FieldRule* rule_for(std::span<const FieldRule> rules, std::string_view key) {
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const FieldRule& rule) { return rule.key == key; });
  return found == rules.end() ? nullptr : &*found;
}

// "text_base64" stands for "text" where the rules have such a text and nothing of the longer name.
bool is_known(const JsonLine& json, const Value& member, std::span<const FieldRule> rules) {
  std::string_view key = json.key(member);
  if (const FieldRule* rule = rule_for(rules, key)) return has_form(json, member, rule->form);
  if (!key.ends_with(kBase64Suffix)) return false;
  key.remove_suffix(kBase64Suffix.size());
  const FieldRule* rule = rule_for(rules, key);
  return rule != nullptr && rule->form == FieldForm::text && is_base64(json, member);
}

bool is_present(const JsonLine& json, const Value& object, const FieldRule& rule) {
  if (json.find(object, rule.key) != nullptr) return true;
  return rule.form == FieldForm::text &&
         json.find(object, std::string(rule.key) + std::string(kBase64Suffix)) != nullptr;
}

// The key of the first member that does not belong, or the first that is missing.
std::optional<std::string> misfit(const JsonLine& json, const Value& object,
                                  std::span<const FieldRule> rules) {
  for (const Value* member = json.first_child(object); member != nullptr; member = json.next(*member)) {
    if (!is_known(json, *member, rules)) return std::string(json.key(*member));
  }
  for (const FieldRule& rule : rules) {
    if (rule.required && !is_present(json, object, rule)) return std::string(rule.key);
  }
  return std::nullopt;
}

// Quick, in one pass over members and rules, which are both in the order of their keys: whether each member
// is one of the rules' and of its form, and no required one lacks. False also for the few that only misfit()
// can tell. Calls `on_member` with each member and its rule.
template <class OnMember>
bool fits(const JsonLine& json, const Value& object, std::span<const FieldRule> rules, OnMember on_member) {
  auto rule = rules.begin();
  for (const Value* member = json.first_child(object); member != nullptr; member = json.next(*member)) {
    for (; rule != rules.end() && rule->order < member->key_order; ++rule) {
      if (rule->required) return false;
    }
    if (rule == rules.end() || !json.has_key(*member, rule->key, rule->order)) return false;
    if (!has_form(json, *member, rule->form)) return false;
    on_member(*member, *rule);
    ++rule;
  }
  return std::none_of(rule, rules.end(), [](const FieldRule& missing) { return missing.required; });
}

bool is_made_of(const JsonLine& json, const Value& object, std::span<const FieldRule> rules) {
  return fits(json, object, rules, [](const Value&, const FieldRule&) {}) || !misfit(json, object, rules);
}

template <class Test>
bool all_elements(const JsonLine& json, const Value& array, Test test) {
  if (array.kind != Kind::array) return false;
  for (const Value* element = json.first_child(array); element != nullptr; element = json.next(*element)) {
    if (!test(*element)) return false;
  }
  return true;
}

bool is_effect(const JsonLine& json, const Value& value) {
  return value.kind == Kind::object && is_made_of(json, value, effect_fields());
}

bool is_traits(const JsonLine& json, const Value& value) {
  return value.kind == Kind::object && is_made_of(json, value, trait_fields());
}

bool is_said(const JsonLine& json, const Value& value) {
  return value.kind == Kind::object && json.first_child(value) != nullptr &&
         is_made_of(json, value, said_fields());
}

bool is_parameter(const JsonLine& json, const Value& value) {
  if (value.kind != Kind::object || !is_made_of(json, value, parameter_fields())) return false;
  const Value* only = json.first_child(value);
  return only != nullptr && only->next == 0;
}

// A commitment and a box, of 28 bytes at least.
bool is_box(const JsonLine& json, const Value& value) {
  constexpr std::size_t shortest = (kBoxBytes + 2) / 3 * 4;
  const Value* commitment = value.kind == Kind::array ? json.first_child(value) : nullptr;
  const Value* box = commitment == nullptr ? nullptr : json.next(*commitment);
  if (box == nullptr || box->next != 0 || commitment->kind != Kind::string || box->kind != Kind::string)
    return false;
  const std::string_view text = json.raw(*box);
  return is_hash(json.raw(*commitment)) && text.size() >= shortest && base::is_base64(text);
}

// Of the reason that an agent gives, which stands in "said", and of all other fields.
bool stands_in_clear(const JsonLine& json, std::string_view field) {
  const Value* object = &json.root();
  if (field == "said") object = json.find(*object, "said");
  const std::string key(field == "said" ? "reason" : field);
  return object != nullptr && object->kind == Kind::object &&
         (json.find(*object, key) != nullptr ||
          json.find(*object, key + std::string(kBase64Suffix)) != nullptr);
}

// Of an entry whose other fields have their form.
bool is_sealed_as_due(const JsonLine& json, EntryType type) {
  const auto rules = sealed_fields(type);
  const Value* sealed = rules.empty() ? nullptr : json.find(json.root(), "sealed");
  if (sealed == nullptr) return true;
  if (!is_made_of(json, *sealed, rules)) return false;
  std::size_t fields = 0;
  for (const Value* member = json.first_child(*sealed); member != nullptr; member = json.next(*member)) {
    if (member->kind != Kind::array) continue;
    if (stands_in_clear(json, json.key(*member))) return false;
    ++fields;
  }
  return fields > 0;
}

// By FieldForm.
constexpr std::array kKinds{Kind::string, Kind::string, Kind::integer, Kind::boolean,
                            Kind::array,  Kind::array,  Kind::array,   Kind::object,
                            Kind::object, Kind::array,  Kind::object,  Kind::array};
static_assert(kKinds.size() == static_cast<std::size_t>(FieldForm::box) + 1);

bool has_inner_form(const JsonLine& json, const Value& value, FieldForm form);

// Of a line in canonical form: there, a number is within its range.
bool has_form(const JsonLine& json, const Value& value, FieldForm form) {
  if (value.kind != kKinds[static_cast<std::size_t>(form)]) return false;
  if (value.kind == Kind::integer) return json.raw(value).front() != '-';
  return value.kind == Kind::string || value.kind == Kind::boolean || has_inner_form(json, value, form);
}

bool has_inner_form(const JsonLine& json, const Value& value, FieldForm form) {
  switch (form) {
    case FieldForm::texts:
      return all_elements(json, value, [&](const Value& element) { return is_text_element(json, element); });
    case FieldForm::effects:
      return all_elements(json, value, [&](const Value& element) { return is_effect(json, element); });
    case FieldForm::hashes:
      return all_elements(json, value, [&](const Value& element) {
        return element.kind == Kind::string && is_hash(json.raw(element));
      });
    case FieldForm::traits: return is_traits(json, value);
    case FieldForm::said: return is_said(json, value);
    case FieldForm::parameters:
      return all_elements(json, value, [&](const Value& element) { return is_parameter(json, element); });
    case FieldForm::sealed: return true;  // the rest is the type's
    case FieldForm::box: return is_box(json, value);
    default: return false;
  }
  return false;
}

ReadProblem not_canonical() {
  return problem("canonical", "not in canonical form (RFC 8785)");
}

bool is_seal(std::string_view text) {
  return text.size() == kSealCharacters && base::is_base64url(text);
}

}  // namespace

std::string_view to_text(EntryType type) noexcept {
  return kTypeNames[static_cast<std::size_t>(type)];
}

std::optional<EntryType> entry_type(std::string_view name) noexcept {
  // Of nearly all entries.
  if (name == "decision") return EntryType::decision;
  if (name == "outcome") return EntryType::outcome;
  const auto* const found = std::find(kTypeNames.begin(), kTypeNames.end(), name);
  if (found == kTypeNames.end()) return std::nullopt;
  return static_cast<EntryType>(found - kTypeNames.begin());
}

std::optional<ReadProblem> EntryReader::parse(std::string_view line) {
  line_ = line;
  common_ = {};
  const JsonLine::Status status = json_.parse(line);
  if (status == JsonLine::Status::complete) return std::nullopt;
  return ReadProblem{"bytes",
                     "not an entry: " + std::string(json_.problem()) + " at byte " +
                         std::to_string(json_.position() + 1) + " of the line",
                     status == JsonLine::Status::truncated};
}

std::optional<ReadProblem> EntryReader::read(std::string_view line, std::string_view due) {
  if (auto bad = parse(line)) return bad;
  if (!json_.is_canonical()) return not_canonical();
  if (read_quickly(due)) return std::nullopt;
  if (auto bad = read_common()) return bad;
  return check_fields();
}

std::optional<ReadProblem> EntryReader::read_carefully(std::string_view line) {
  if (auto bad = parse(line)) return bad;
  if (!json_.is_emitted_again()) return not_canonical();
  if (auto bad = read_common()) return bad;
  return check_fields();
}

// False leaves the line to the careful look, which also says what is wrong.
bool EntryReader::read_quickly(std::string_view due) {
  const Value* name = json_.find(json_.root(), "t");
  const auto type = name == nullptr ? std::nullopt : entry_type(json_.raw(*name));
  if (!type) return false;
  const auto keep = [this](const Value& member, const FieldRule& rule) {
    common_[static_cast<std::size_t>(rule.common)] = &member;
  };
  if (!fits(json_, json_.root(), all_fields_of(*type), keep)) return false;
  type_ = *type;
  take_common();
  if (!is_sealed_as_due(json_, *type)) return false;
  if (type_ == EntryType::erase && !says_what_is_erased()) return false;
  return ((!due.empty() && previous_ == due) || is_hash(previous_)) && (!ends_batch() || is_seal(seal()));
}

// Once common_ says where they are.
void EntryReader::take_common() {
  const auto count = [&](CommonField field) { return json_.integer(common(field)).value_or(0); };
  origin_ = json_.raw(common(CommonField::origin));
  previous_ = json_.raw(common(CommonField::previous));
  index_ = static_cast<std::uint64_t>(count(CommonField::index));
  batch_ = static_cast<std::uint64_t>(count(CommonField::batch));
  micros_ = count(CommonField::time);
}

std::optional<ReadProblem> EntryReader::read_common() {
  for (const FieldRule& rule : common_fields()) {
    const Value* value = json_.find(json_.root(), rule.key);
    if (value == nullptr ? rule.required : !has_form(json_, *value, rule.form)) {
      return problem("fields", "the field \"" + std::string(rule.key) + "\" is missing or malformed");
    }
    common_[static_cast<std::size_t>(rule.common)] = value;
  }
  take_common();
  if (ends_batch() && !is_seal(seal())) return problem("fields", "\"e\" is not the seal of a batch");
  if (!is_hash(previous_)) return problem("fields", "\"prev\" is not a hash");
  const std::string_view name = json_.raw(common(CommonField::type));
  const auto type = entry_type(name);
  if (!type) return problem("fields", "the type \"" + std::string(name) + "\" is not known");
  type_ = *type;
  return std::nullopt;
}

std::optional<ReadProblem> EntryReader::check_fields() const {
  const auto rules = fields_of(type_);
  for (const Value* member = json_.first_child(json_.root()); member != nullptr;
       member = json_.next(*member)) {
    if (rule_for(common_fields(), json_.key(*member)) == nullptr && !is_known(json_, *member, rules)) {
      return problem("fields", "the field \"" + std::string(json_.key(*member)) + "\" of the type \"" +
                                   std::string(to_text(type_)) + "\" is unknown or malformed");
    }
  }
  if (!is_sealed_as_due(json_, type_)) {
    return problem("fields", "what is sealed in an entry of the type \"" + std::string(to_text(type_)) +
                                 "\" is unknown, malformed, or stands in the clear, too");
  }
  for (const FieldRule& rule : rules) {
    if (rule.required && !is_present(json_, json_.root(), rule)) {
      return problem("fields", "the field \"" + std::string(rule.key) + "\" of the type \"" +
                                   std::string(to_text(type_)) + "\" is missing");
    }
  }
  if (type_ == EntryType::erase && !says_what_is_erased()) {
    return problem("fields",
                   "an entry \"erase\" has either \"hash\" and \"order\" or \"before\" and \"class\"");
  }
  return std::nullopt;
}

bool EntryReader::has_text(std::string_view key) const {
  return has(key) || has(std::string(key) + std::string(kBase64Suffix));
}

// By an order, or by time.
bool EntryReader::says_what_is_erased() const {
  const bool by_order = has_text("hash");
  return has_text("order") == by_order && has("before") != by_order && has_text("class") != by_order;
}

bool EntryReader::seal_holds() const {
  const Value& value = common(CommonField::seal);
  return batch_seal(line_.substr(0, value.begin), line_.substr(value.end)) == seal();
}

std::string text_of(const JsonLine& json, const Value& object, std::string_view key) {
  const Value* clear = json.find(object, key);
  if (clear != nullptr && clear->kind == Kind::string) return json.text(*clear);
  const Value* coded = json.find(object, std::string(key) + std::string(kBase64Suffix));
  if (coded == nullptr || coded->kind != Kind::string) return {};
  return base::from_base64(json.raw(*coded)).value_or("");
}

std::string EntryReader::text(const Value& object, std::string_view key) const {
  return text_of(json_, object, key);
}

std::optional<std::string_view> EntryReader::plain_text(std::string_view key) const {
  const Value* value = json_.find(json_.root(), key);
  if (value == nullptr || value->kind != Kind::string || value->has_escape) return std::nullopt;
  return json_.raw(*value);
}

std::string EntryReader::text(std::string_view key) const {
  return text(json_.root(), key);
}

std::vector<Hash> EntryReader::hashes(std::string_view key) const {
  std::vector<Hash> hashes;
  const Value* array = json_.find(json_.root(), key);
  if (array == nullptr || array->kind != Kind::array) return hashes;
  for (const Value* one = json_.first_child(*array); one != nullptr; one = json_.next(*one)) {
    const auto bytes = base::from_base64url(json_.raw(*one));
    if (bytes && bytes->size() == Hash{}.size())
      std::memcpy(hashes.emplace_back().data(), bytes->data(), bytes->size());
  }
  return hashes;
}

const EntryReader::SealedFields::Field* EntryReader::SealedFields::find(
    std::string_view name) const noexcept {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [name](const Field& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

std::optional<EntryReader::SealingKey> EntryReader::sealing_key() const {
  const Value* object = sealed_fields(type_).empty() ? nullptr : json_.find(json_.root(), "sealed");
  if (object == nullptr) return std::nullopt;
  const auto number_of = [&](std::string_view key) {
    const Value* value = json_.find(*object, key);
    return static_cast<std::uint64_t>(value == nullptr ? 0 : json_.integer(*value).value_or(0));
  };
  return SealingKey{number_of("epoch"), number_of("slot")};
}

std::optional<EntryReader::SealedFields> EntryReader::sealed() const {
  const auto key = sealing_key();
  if (!key) return std::nullopt;
  SealedFields sealed{*key, {}};
  const Value& object = *json_.find(json_.root(), "sealed");
  for (const Value* member = json_.first_child(object); member != nullptr; member = json_.next(*member)) {
    if (member->kind != Kind::array) continue;
    const Value& commitment = *json_.first_child(*member);
    sealed.fields.push_back({json_.key(*member), json_.raw(commitment), json_.raw(*json_.next(commitment))});
  }
  return sealed;
}

std::optional<std::int64_t> EntryReader::number(std::string_view key) const {
  const Value* value = json_.find(json_.root(), key);
  if (value == nullptr || value->kind != Kind::integer) return std::nullopt;
  return json_.integer(*value);
}

}  // namespace portcullis::audit
