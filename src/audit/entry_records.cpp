// The fields of each kind of record.
#include <algorithm>
#include <utility>

#include "audit/entry_writer.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

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

}  // namespace

void write_parameters(std::string& out, const std::vector<ParameterRecord>& parameters, bool with_values,
                      bool& in_range) {
  ArrayWriter array(out);
  for (const auto& parameter : parameters) {
    array.next();
    write_parameter(out, parameter, with_values, in_range);
  }
  array.end();
}

// A refusal of a text that could not be analysed quotes the text, and so may what the database says of one
// that it was tried out with: it goes where the text goes.
bool reason_quotes_text(const DecisionRecord& record) {
  return record.effects.empty() || !record.dry_run.empty();
}

std::string_view error_of(const OutcomeRecord& record) {
  return base::utf8_beginning(record.error, kMaxErrorBytes);
}

namespace {

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

// Of names that the database has: bounded, so that an outcome's size can be foreseen.
void write_bounded(std::string& out, const std::vector<std::string>& texts) {
  ArrayWriter array(out);
  for (std::size_t i = 0; i < texts.size() && i < kMostRowEntries; ++i)
    array.text(std::string_view(texts[i]).substr(0, kMaxRowEntryBytes));
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

}  // namespace

bool write_record(Draft& draft, const Making& making, const Record& record) {
  return std::visit([&](const auto& kind) { return write(draft, making, kind); }, record);
}

}  // namespace portcullis::audit
