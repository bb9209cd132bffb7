#include "audit/entry.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "audit/format.hpp"
#include "audit/sealer.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

// Tags come from the server: what is longer than any real one is cut, so that an outcome's size can be
// foreseen.
constexpr std::size_t kMaxTagBytes = 64;
// Likewise the name of a limit with its rule, of which the policy bounds the length.
constexpr std::size_t kMaxLimitBytes = 128;

// Opens the entry, and closes it with the fields that come at fixed places of the order: "t" and "ts" sort
// near the end, so each record's fields are written by one function in the order of their keys, with these
// two among them.
struct EntryWriter {
  EntryWriter(Draft& draft, const DraftContext& context, std::size_t expected)
      : object(draft.body, &draft.slots) {
    draft.body.reserve(expected);
    object.key("@");
    append_string(draft.body, context.origin);
    draft.body.pop_back();  // the quote
    draft.body.append(kVersionMark) += '"';
    micros = std::chrono::duration_cast<std::chrono::microseconds>(context.now.time_since_epoch()).count();
  }
  void type(std::string_view name) { object.text("t", name); }
  void time() { object.number("ts", std::int64_t{micros}); }

  ObjectWriter object;
  std::int64_t micros = 0;
};

constexpr std::size_t kUsualBytes = 512;
// Of an effect with its traits, and of a parameter beside its value.
constexpr std::size_t kUsualEffectBytes = 320, kUsualParameterBytes = 16;

// What the functions below write of texts, beside those that stand as they are.
struct Making : DraftContext {
  explicit Making(const DraftContext& context) : DraftContext(context) {}
  [[nodiscard]] bool in_clear() const noexcept { return text == TextMode::plain; }
  // An entry's body with `clear` bytes of texts in it.
  [[nodiscard]] std::size_t expect(std::size_t clear) const {
    std::size_t bytes = kUsualBytes + (in_clear() ? clear : 0);
    if (sealed) {
      for (const auto& field : sealed->fields) bytes += field.box.size() + field.commitment.size() + 32;
    }
    return bytes;
  }
  std::optional<Sealed> sealed{};
};

void write_sealed(ObjectWriter& out, std::string& body, const Making& making) {
  if (!making.sealed) return;
  out.key("sealed");
  ObjectWriter object(body);
  object.number("epoch", making.sealed->epoch);
  bool has_slot = false;
  const auto write_slot = [&] {
    if (!std::exchange(has_slot, true)) object.number("slot", making.sealed->slot);
  };
  for (const auto& field : making.sealed->fields) {
    if (field.name > "slot") write_slot();
    object.key(field.name);
    // Of the letters of base64 none is escaped.
    body.append("[\"").append(field.commitment).append("\",\"").append(field.box).append("\"]");
  }
  write_slot();
  object.end();
}

void write_texts(std::string& out, const std::vector<std::string>& texts) {
  ArrayWriter array(out);
  for (const auto& text : texts) array.text(text);
  array.end();
}

// Of names that the database has: bounded, so that an outcome's size can be foreseen.
void write_bounded(std::string& out, const std::vector<std::string>& texts) {
  ArrayWriter array(out);
  for (std::size_t i = 0; i < texts.size() && i < kMostRowEntries; ++i)
    array.text(std::string_view(texts[i]).substr(0, kMaxRowEntryBytes));
  array.end();
}

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

// What the agent says of itself is text of the agent's.
void write_said(ObjectWriter& out, std::string& body, const DecisionRecord& record, bool in_clear) {
  const bool has_reason = in_clear && !record.said_reason.empty();
  if (!has_reason && !record.said_confidence) return;
  out.key("said");
  ObjectWriter said(body);
  if (record.said_confidence) said.number("confidence", *record.said_confidence);
  if (has_reason) said.text("reason", record.said_reason);
  said.end();
}

// With audit.text none, a value is known by its length only.
void write_parameter(std::string& out, const ParameterRecord& parameter, bool with_value, bool& in_range) {
  using Form = ParameterRecord::Form;
  ObjectWriter object(out);
  const bool hidden = !with_value && (parameter.form == Form::text || parameter.form == Form::hex);
  const std::uint64_t bytes =
      parameter.form == Form::hex ? parameter.value.size() / 2 : parameter.value.size();
  switch (hidden ? Form::length : parameter.form) {
    case Form::null: object.boolean("null", true); break;
    case Form::text: object.text("text", parameter.value); break;
    case Form::hex: object.text("hex", parameter.value); break;
    case Form::length: object.number("length", hidden ? bytes : parameter.length); break;
  }
  object.end();
  in_range = in_range && object.in_range();
}

void write_parameters(std::string& out, const std::vector<ParameterRecord>& parameters, bool with_values,
                      bool& in_range) {
  ArrayWriter array(out);
  for (const auto& parameter : parameters) {
    array.next();
    write_parameter(out, parameter, with_values, in_range);
  }
  array.end();
}

// Each write() fills the draft with its record's fields in the order of the keys, and says whether all
// numbers fit.
bool write(Draft& draft, const DraftContext& context, const SessionRecord& record) {
  EntryWriter entry(draft, context, kUsualBytes);
  ObjectWriter& out = entry.object;
  out.text_unless_empty("agent", record.agent);
  out.text_unless_empty("application", record.application_name);
  out.text_unless_empty("auth", record.auth);
  out.text_unless_empty("certificate", record.certificate);
  out.text_unless_empty("client", record.client_address);
  if (record.count > 0) out.number("count", record.count);
  out.text_unless_empty("database", record.database);
  out.text("event", record.event);
  out.text_unless_empty("login", record.login);
  out.text_unless_empty("owner", record.owner);
  out.text_unless_empty("reason", record.reason);
  out.text_unless_empty("role", record.role);
  if (record.server_pid) out.number("server_pid", std::uint64_t{*record.server_pid});
  out.number("session", record.session);
  out.text_unless_empty("sqlstate", record.sqlstate);
  entry.type("session");
  out.boolean("tls", record.tls);
  out.text_unless_empty("tls_cipher", record.tls_cipher);
  out.text_unless_empty("tls_version", record.tls_version);
  entry.time();
  out.end();
  return out.in_range();
}

// A refusal of a text that could not be analysed quotes the text, and so may what the database says of one
// that it was tried out with: it goes where the text goes.
bool reason_quotes_text(const DecisionRecord& record) {
  return record.effects.empty() || !record.dry_run.empty();
}

std::size_t expect_beside_texts(const DecisionRecord& record) {
  std::size_t bytes = kUsualEffectBytes * record.effects.size();
  for (const auto& parameter : record.parameters) bytes += kUsualParameterBytes + parameter.value.size();
  return bytes;
}

bool write(Draft& draft, const Making& making, const DecisionRecord& record) {
  EntryWriter entry(draft, making, making.expect(record.text.size()) + expect_beside_texts(record));
  ObjectWriter& out = entry.object;
  bool in_range = true;
  out.text_unless_empty("agent", record.agent);
  out.key("agent_seq");
  draft.sequence_at = draft.body.size();
  draft.agent = record.agent;
  if (!record.catalog.empty()) {
    out.text("catalog", record.catalog);
    out.number("catalog_age", std::max<std::int64_t>(record.catalog_age.count(), 0));
  }
  out.text_unless_empty("dry_run", record.dry_run);
  if (!record.effects.empty()) {
    out.key("effects");
    write_effects(draft.body, record.effects);
  }
  if (!record.kinds.empty()) {
    out.key("kinds");
    write_texts(draft.body, record.kinds);
  }
  if (!record.limits.empty()) {
    out.key("limits");
    write_texts(draft.body, record.limits);
  }
  out.text("message", record.message);
  if (!record.parameters.empty() && making.text != TextMode::sealed) {
    out.key("parameters");
    write_parameters(draft.body, record.parameters, making.in_clear(), in_range);
  }
  out.text_unless_empty("policy", record.policy_hash);
  if (!record.rates.empty()) {
    out.key("rates");
    write_texts(draft.body, record.rates);
  }
  if (making.in_clear() || !reason_quotes_text(record)) out.text_unless_empty("reason", record.reason);
  out.text_unless_empty("role", record.role);
  if (record.rows_limit) out.number("rows_limit", *record.rows_limit);
  out.text_unless_empty("rule", record.rule);
  write_said(out, draft.body, record, making.in_clear());
  write_sealed(out, draft.body, making);
  out.number("session", record.session);
  out.text_unless_empty("sqlstate", record.sqlstate);
  if (record.statement) out.number("statement", *record.statement);
  entry.type("decision");
  if (making.in_clear()) out.text_unless_empty("text", record.text);
  out.number("text_length", std::max<std::uint64_t>(record.text_length, record.text.size()));
  out.text_unless_empty("trace", record.trace);
  entry.time();
  out.text("verdict", record.verdict);
  out.end();
  return in_range && out.in_range();
}

std::string_view error_of(const OutcomeRecord& record) {
  return base::utf8_beginning(record.error, kMaxErrorBytes);
}

// In the clear it takes no more than twice its room, so that an outcome's size can be foreseen.
std::string_view clear_error_of(const OutcomeRecord& record) {
  const std::string_view error = error_of(record);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < error.size(); ++i) {
    const auto byte = static_cast<unsigned char>(error[i]);
    bytes += byte < 0x20 ? 6 : byte == '"' || byte == '\\' ? 2 : 1;
    if (bytes > 2 * kMaxErrorBytes) return base::utf8_beginning(error, i);
  }
  return error;
}

bool write(Draft& draft, const Making& making, const OutcomeRecord& record) {
  EntryWriter entry(draft, making, making.expect(record.error.size()));
  ObjectWriter& out = entry.object;
  if (record.attempts > 1) out.number("attempts", std::uint64_t{record.attempts});
  if (record.bytes != 0) out.number("bytes", record.bytes);
  if (!record.changed.empty()) {
    out.key("changed");
    write_bounded(draft.body, record.changed);
  }
  out.number("decision", record.decision);
  if (record.differs) {
    out.key("differs");
    write_bounded(draft.body, *record.differs);
  }
  out.number("duration", std::max<std::int64_t>(record.duration.count(), 0));
  if (making.in_clear()) out.text_unless_empty("error", clear_error_of(record));
  out.text_unless_empty("limit", std::string_view(record.limit).substr(0, kMaxLimitBytes));
  out.text("result", record.result);
  if (record.rows != 0) out.number("rows", record.rows);
  write_sealed(out, draft.body, making);
  out.number("session", record.session);
  out.text_unless_empty("sqlstate", record.sqlstate);
  if (record.transaction_status != 0) out.text("status", std::string_view(&record.transaction_status, 1));
  entry.type("outcome");
  if (!record.tags.empty()) {
    out.key("tags");
    ArrayWriter array(draft.body);
    for (const auto& tag : record.tags) array.text(std::string_view(tag).substr(0, kMaxTagBytes));
    array.end();
  }
  entry.time();
  out.end();
  return out.in_range();
}

bool write(Draft& draft, const DraftContext& context, const PolicyRecord& record) {
  EntryWriter entry(draft, context, kUsualBytes + record.bytes.size());
  entry.object.text("bytes", record.bytes);
  entry.object.text("hash", record.hash);
  entry.object.text_unless_empty("name", record.name);
  entry.type("policy");
  entry.time();
  entry.object.end();
  return entry.object.in_range();
}

bool write(Draft& draft, const DraftContext& context, const ConfigRecord& record) {
  EntryWriter entry(draft, context, kUsualBytes + record.bytes.size());
  entry.object.text("bytes", record.bytes);
  entry.object.text("hash", sha256_hex(record.bytes));
  entry.type("config");
  entry.time();
  entry.object.end();
  return entry.object.in_range();
}

// The report quotes the statement: it goes where the text goes.
bool write(Draft& draft, const Making& making, const DryRunRecord& record) {
  EntryWriter entry(draft, making, making.expect(record.report.size()));
  ObjectWriter& out = entry.object;
  out.text("hash", record.hash);
  if (making.in_clear()) out.text("report", record.report);
  write_sealed(out, draft.body, making);
  out.number("session", record.session);
  entry.type("dry_run");
  entry.time();
  out.end();
  return out.in_range();
}

bool write(Draft& draft, const DraftContext& context, const CountedRecord& record) {
  EntryWriter entry(draft, context, kUsualBytes);
  ObjectWriter& out = entry.object;
  out.text_unless_empty("agent", record.agent);
  out.number("count", record.count);
  out.text_unless_empty("rule", record.rule);
  out.number("session", record.session);
  out.text("sqlstate", record.sqlstate);
  entry.type("counted");
  entry.time();
  out.end();
  return out.in_range();
}

bool write(Draft& draft, const DraftContext& context, const AnchorRecord& record) {
  EntryWriter entry(draft, context, kUsualBytes);
  ObjectWriter& out = entry.object;
  out.text("name", record.name);
  out.text_unless_empty("reason", record.reason);
  out.number("size", record.size);
  out.text("state", record.state);
  entry.type("anchor");
  entry.time();
  out.end();
  return out.in_range();
}

bool write(Draft& draft, const DraftContext& context, const EraseRecord& record) {
  EntryWriter entry(draft, context, kUsualBytes + record.order.size());
  ObjectWriter& out = entry.object;
  if (record.order.empty()) {
    out.number("before", record.before);
    out.text("class", record.text_class);
  } else {
    out.text("hash", record.hash);
    out.text("order", record.order);
  }
  entry.type("erase");
  entry.time();
  out.end();
  return out.in_range();
}

bool write(Draft& draft, const DraftContext& context, const HoldRecord& record) {
  EntryWriter entry(draft, context, kUsualBytes + record.order.size());
  entry.object.text("hash", record.hash);
  entry.object.text("order", record.order);
  entry.type("hold");
  entry.time();
  entry.object.end();
  return entry.object.in_range();
}

bool write(Draft& draft, const DraftContext& context, const PruneRecord& record) {
  EntryWriter entry(draft, context, kUsualBytes + record.order.size());
  entry.object.number("first", record.first);
  entry.object.text("hash", record.hash);
  entry.object.text("order", record.order);
  entry.object.text("root", record.root);
  entry.type("prune");
  entry.time();
  entry.object.end();
  return entry.object.in_range();
}

bool write_read(Draft& draft, const DraftContext& context, const ReadRecord& record,
                const std::string* hash) {
  EntryWriter entry(draft, context, kUsualBytes);
  ObjectWriter& out = entry.object;
  out.text("by", record.by);
  if (!record.classes.empty()) {
    out.key("classes");
    write_texts(draft.body, record.classes);
  }
  out.number("first", record.first);
  if (hash != nullptr) out.text("hash", *hash);
  out.number("last", record.last);
  out.text_unless_empty("purpose", record.purpose);
  out.number("records", record.records);
  entry.type(hash == nullptr ? "read" : "export");
  entry.time();
  out.end();
  return out.in_range();
}

bool write(Draft& draft, const DraftContext& context, const ReadRecord& record) {
  return write_read(draft, context, record, nullptr);
}

bool write(Draft& draft, const DraftContext& context, const ExportRecord& record) {
  return write_read(draft, context, record.read, &record.hash);
}

// Never fewer than the JSON values of the entry, so that what is written can be read under the reader's
// limit.
std::size_t value_bound(const Record& record) {
  constexpr std::size_t fixed = 64, kMostValuesOfEffect = 42;
  if (const auto* decision = std::get_if<DecisionRecord>(&record)) {
    std::size_t texts = 0;
    for (const auto& effect : decision->effects) {
      texts += effect.columns.size();
      if (!effect.traits) continue;
      const auto& [names, values] = std::tie(effect.traits->names, effect.traits->values);
      texts += names.size() + values.size() + effect.traits->part_of.size() + effect.traits->casts.size();
    }
    return fixed + 2 * decision->kinds.size() + kMostValuesOfEffect * decision->effects.size() + 2 * texts +
           2 * decision->parameters.size() + 2 * decision->rates.size() + 2 * decision->limits.size();
  }
  if (const auto* outcome = std::get_if<OutcomeRecord>(&record))
    return fixed + 2 * outcome->tags.size() + 2 * kMostRowEntries;
  return fixed;
}

Draft bare_draft(const DraftContext& context, std::string_view type) {
  Draft draft;
  EntryWriter entry(draft, context, kUsualBytes);
  entry.type(type);
  entry.time();
  entry.object.end();
  return draft;
}

// Texts that do not stand in the entry as they are, in the order of their names.
struct Texts {
  void add(std::string_view field, std::string_view value) {
    if (!value.empty()) fields.push_back({field, value});
  }
  std::vector<ClearField> fields{};
  std::string parameters{};
  Sealer::Need need = Sealer::Need::refusable;
  bool in_range = true;
};

void take_texts(const DecisionRecord& record, Texts& texts) {
  if (!record.parameters.empty()) {
    write_parameters(texts.parameters, record.parameters, true, texts.in_range);
    texts.add("parameters", texts.parameters);
  }
  if (reason_quotes_text(record)) texts.add("reason", record.reason);
  texts.add("said", record.said_reason);
  texts.add("text", record.text);
}

void take_texts(const OutcomeRecord& record, Texts& texts) {
  texts.add("error", error_of(record));
  texts.need = Sealer::Need::certain;
}

void take_texts(const DryRunRecord& record, Texts& texts) {
  texts.add("report", record.report);
}

template <class Other>
void take_texts(const Other&, Texts&) {}

base::Error out_of_range() {
  return {base::sqlstate::internal_error, "the audit entry holds a number above 2^53"};
}

// An outcome has happened: it is told, whether or not its error's text can be kept with it.
base::Result<void> seal_texts(const Record& record, Making& making) {
  if (making.text != TextMode::sealed) return {};
  Texts texts;
  std::visit([&](const auto& kind) { take_texts(kind, texts); }, record);
  if (!texts.in_range) return out_of_range();
  if (texts.fields.empty()) return {};
  if (making.sealer == nullptr)
    return base::Error{base::sqlstate::internal_error, "no keys to seal texts with: report this"};
  auto sealed = making.sealer->seal(texts.fields, texts.need);
  if (!sealed && texts.need == Sealer::Need::refusable) return sealed.error();
  if (sealed) making.sealed = std::move(*sealed);
  return {};
}

base::Error too_large(std::string what) {
  return {base::sqlstate::program_limit_exceeded,
          "the audit entry " + std::move(what) + ": send the statement in smaller parts"};
}

}  // namespace

base::Result<Draft> make_draft(const Record& record, const DraftContext& context) {
  if (value_bound(record) > kMaxValues) {
    return too_large("would hold more than " + std::to_string(kMaxValues) + " values");
  }
  Making making(context);
  if (auto sealed = seal_texts(record, making); !sealed) return sealed.error();
  Draft draft;
  if (!std::visit([&](const auto& kind) { return write(draft, making, kind); }, record))
    return out_of_range();
  if (line_bound(draft) > kMaxLineBytes) {
    return too_large("of " + std::to_string(draft.body.size()) + " bytes is above the format's " +
                     std::to_string(kMaxLineBytes));
  }
  return draft;
}

Draft segment_draft(const DraftContext& context, std::string_view boot, std::string_view key) {
  Draft draft;
  draft.begins_segment = true;
  EntryWriter entry(draft, context, kUsualBytes);
  entry.object.text("boot", boot);
  entry.object.text_unless_empty("key", key);
  entry.type("segment");
  entry.time();
  entry.object.end();
  return draft;
}

Draft open_draft(const DraftContext& context, std::string_view boot, std::string_view version,
                 std::chrono::milliseconds heartbeat, std::string_view key) {
  Draft draft;
  EntryWriter entry(draft, context, kUsualBytes);
  entry.object.text("boot", boot);
  entry.object.number("heartbeat", std::int64_t{heartbeat.count()});
  entry.object.text_unless_empty("key", key);
  entry.type("open");
  entry.time();
  entry.object.text("version", version);
  entry.object.end();
  return draft;
}

Draft key_draft(const DraftContext& context, std::string_view before, std::string_view now) {
  Draft draft;
  EntryWriter entry(draft, context, kUsualBytes);
  entry.object.text("new", now);
  entry.object.text("old", before);
  entry.type("key");
  entry.time();
  entry.object.end();
  return draft;
}

Draft recovered_draft(const DraftContext& context, std::uint64_t dropped_bytes) {
  Draft draft;
  EntryWriter entry(draft, context, kUsualBytes);
  entry.object.number("dropped", dropped_bytes);
  entry.type("recovered");
  entry.time();
  entry.object.end();
  return draft;
}

Draft heartbeat_draft(const DraftContext& context) {
  return bare_draft(context, "heartbeat");
}

Draft close_draft(const DraftContext& context) {
  return bare_draft(context, "close");
}

namespace {

void append_frontier(std::string& out, std::span<const Hash> frontier) {
  out.append(",\"frontier\":");
  ArrayWriter array(out);
  for (const Hash& hash : frontier) array.text(to_text(hash));
  array.end();
}

}  // namespace

void append_line(std::string& out, const Draft& draft, const Stamp& stamp) {
  const std::string_view body = draft.body;
  const auto& at = draft.slots.at;
  const std::size_t begin = out.size();
  std::size_t seal = 0;
  if (draft.sequence_at != 0) {
    out.append(body.substr(0, draft.sequence_at));
    append_number(out, static_cast<std::int64_t>(stamp.agent_sequence));
  }
  out.append(body.substr(draft.sequence_at, at[0] - draft.sequence_at)).append(",\"b\":");
  append_number(out, static_cast<std::int64_t>(stamp.batch));
  out.append(body.substr(at[0], at[1] - at[0]));
  if (stamp.ends_batch) {
    out.append(",\"e\":\"");
    seal = out.size();
    out += '"';
  }
  out.append(body.substr(at[1], at[2] - at[1]));
  if (draft.begins_segment) append_frontier(out, stamp.frontier);
  out.append(",\"i\":");
  append_number(out, static_cast<std::int64_t>(stamp.index));
  out.append(body.substr(at[2], at[3] - at[2])).append(",\"prev\":\"");
  append_text(out, stamp.previous);
  out += '"';
  out.append(body.substr(at[3]));
  if (!stamp.ends_batch) return;
  const std::string_view line = std::string_view(out).substr(begin);
  out.insert(seal, batch_seal(line.substr(0, seal - begin), line.substr(seal - begin)));
}

namespace {

// What an error's text adds to an outcome.
std::size_t error_bound(TextMode text) noexcept {
  constexpr std::size_t clear = 2 * kMaxErrorBytes + 24;  // and its key
  constexpr std::size_t box = (kMaxErrorBytes + kBoxBytes + 2) / 3 * 4;
  constexpr std::size_t around = 128;  // names, two numbers of 16 digits, the commitment
  switch (text) {
    case TextMode::plain: return clear;
    case TextMode::sealed: return box + around;
    case TextMode::none: return 0;
  }
  return clear;
}

}  // namespace

std::size_t outcome_bound(const DecisionRecord& decision, std::string_view origin, TextMode text) noexcept {
  constexpr std::size_t fixed =
      384 + kMaxLimitBytes * 2;                      // keys, seven numbers of 16 digits, the longest result
  constexpr std::size_t tag = kMaxTagBytes * 2 + 3;  // a tag may need escaping; quotes and comma
  constexpr std::size_t rows = kMostRowEntries * (kMaxRowEntryBytes * 2 + 3) + 16;
  return kStampBytes + origin.size() + fixed + error_bound(text) +
         tag * std::max<std::size_t>(decision.kinds.size(), 1) + (decision.rows_limit ? rows : 0) +
         (decision.dry_run.empty() ? 0 : rows);
}

}  // namespace portcullis::audit
