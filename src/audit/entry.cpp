#include "audit/entry.hpp"

#include <utility>

#include "audit/entry_writer.hpp"

namespace portcullis::audit {
namespace {

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
  if (!write_record(draft, making, record)) return out_of_range();
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

}  // namespace portcullis::audit
