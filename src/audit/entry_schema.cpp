#include "audit/entry_schema.hpp"

#include <algorithm>
#include <array>

namespace portcullis::audit {
namespace {

using enum FieldForm;

constexpr FieldRule kCommon[] = {
    {"@", word, true, CommonField::origin},      {"b", count, true, CommonField::batch},
    {"e", word, false, CommonField::seal},       {"i", count, true, CommonField::index},
    {"prev", word, true, CommonField::previous}, {"t", word, true, CommonField::type},
    {"ts", count, true, CommonField::time},
};
constexpr FieldRule kSegment[] = {{"boot", word, true}, {"frontier", hashes, true}, {"key", word}};
constexpr FieldRule kOpen[] = {
    {"boot", word, true}, {"heartbeat", count, true}, {"key", word}, {"version", word, true}};
constexpr FieldRule kKey[] = {{"new", word, true}, {"old", word, true}};
constexpr FieldRule kRecovered[] = {{"dropped", count, true}};
constexpr FieldRule kSession[] = {
    {"agent", text},       {"application", text},    {"auth", text},     {"certificate", text},
    {"client", text},      {"count", count},         {"database", text}, {"event", text, true},
    {"login", text},       {"owner", text},          {"reason", text},   {"role", text},
    {"server_pid", count}, {"session", count, true}, {"sqlstate", text}, {"tls", flag, true},
    {"tls_cipher", text},  {"tls_version", text},
};
constexpr FieldRule kDecision[] = {
    {"agent", text},
    {"agent_seq", count, true},
    {"catalog", text},
    {"catalog_age", count},
    {"dry_run", text},
    {"effects", effects},
    {"kinds", texts},
    {"limits", texts},
    {"message", text, true},
    {"parameters", parameters},
    {"policy", text},
    {"rates", texts},
    {"reason", text},
    {"role", text},
    {"rows_limit", count},
    {"rule", text},
    {"said", said},
    {"sealed", sealed},
    {"session", count, true},
    {"sqlstate", text},
    {"statement", count},
    {"text", text},
    {"text_length", count, true},
    {"trace", text},
    {"verdict", text, true},
};
constexpr FieldRule kOutcome[] = {
    {"attempts", count},    {"bytes", count},          {"changed", texts}, {"decision", count, true},
    {"differs", texts},     {"duration", count, true}, {"error", text},    {"limit", text},
    {"result", text, true}, {"rows", count},           {"sealed", sealed}, {"session", count, true},
    {"sqlstate", text},     {"status", text},          {"tags", texts},
};
constexpr FieldRule kPolicy[] = {{"bytes", text, true}, {"hash", text, true}, {"name", text}};
constexpr FieldRule kConfig[] = {{"bytes", text, true}, {"hash", text, true}};
constexpr FieldRule kDryRun[] = {
    {"hash", text, true}, {"report", text}, {"sealed", sealed}, {"session", count, true}};
constexpr FieldRule kCounted[] = {{"agent", text},
                                  {"count", count, true},
                                  {"rule", text},
                                  {"session", count, true},
                                  {"sqlstate", text, true}};
constexpr FieldRule kAnchor[] = {
    {"name", text, true}, {"reason", text}, {"size", count, true}, {"state", text, true}};
constexpr FieldRule kErase[] = {{"before", count}, {"class", text}, {"hash", text}, {"order", text}};
constexpr FieldRule kHold[] = {{"hash", text, true}, {"order", text, true}};
constexpr FieldRule kPrune[] = {
    {"first", count, true}, {"hash", text, true}, {"order", text, true}, {"root", text, true}};
constexpr FieldRule kRead[] = {{"by", text, true},    {"classes", texts}, {"first", count, true},
                               {"last", count, true}, {"purpose", text},  {"records", count, true}};
constexpr FieldRule kExport[] = {{"by", text, true},      {"classes", texts},    {"first", count, true},
                                 {"hash", text, true},    {"last", count, true}, {"purpose", text},
                                 {"records", count, true}};
constexpr FieldRule kEffect[] = {
    {"action", text, true},  {"all_columns", flag}, {"columns", texts}, {"ground", text}, {"object", text},
    {"outcome", text, true}, {"reason", text},      {"route", text},    {"rule", text},   {"traits", traits},
};
constexpr FieldRule kTraits[] = {
    {"arguments", text},  {"body", text},       {"casts", texts},   {"cause", count},    {"column", text},
    {"computed", flag},   {"constraint", flag}, {"default", text},  {"extension", text}, {"kind", text},
    {"missing", flag},    {"missing_ok", flag}, {"names", texts},   {"not_null", flag},  {"oid", count},
    {"other_type", flag}, {"owner", texts},     {"part_of", texts}, {"parts", texts},    {"relation", text},
    {"values", texts},    {"via", text},        {"where", flag},
};
constexpr FieldRule kSaid[] = {{"confidence", count}, {"reason", text}};
constexpr FieldRule kParameter[] = {{"hex", text}, {"length", count}, {"null", flag}, {"text", text}};

constexpr FieldRule kSealedDecision[] = {{"epoch", count, true}, {"parameters", box},   {"reason", box},
                                         {"said", box},          {"slot", count, true}, {"text", box}};
constexpr FieldRule kSealedDryRun[] = {{"epoch", count, true}, {"report", box}, {"slot", count, true}};
constexpr FieldRule kSealedOutcome[] = {{"epoch", count, true}, {"error", box}, {"slot", count, true}};

constexpr bool before(const FieldRule& left, const FieldRule& right) {
  return left.key < right.key;
}

template <std::size_t N>
constexpr std::array<FieldRule, N + std::size(kCommon)> with_common(const FieldRule (&own)[N]) {
  std::array<FieldRule, N + std::size(kCommon)> all;
  std::merge(std::begin(own), std::end(own), std::begin(kCommon), std::end(kCommon), all.begin(), before);
  return all;
}

template <const auto& own>
constexpr auto kAll = with_common(own);

constexpr bool is_sorted(std::span<const FieldRule> rules) {
  return std::is_sorted(rules.begin(), rules.end(), before);
}
static_assert(is_sorted(kAll<kSegment>) && is_sorted(kAll<kOpen>) && is_sorted(kAll<kKey>) &&
              is_sorted(kAll<kRecovered>) && is_sorted(kAll<kSession>) && is_sorted(kAll<kDecision>) &&
              is_sorted(kAll<kOutcome>) && is_sorted(kAll<kPolicy>) && is_sorted(kAll<kConfig>) &&
              is_sorted(kAll<kDryRun>) && is_sorted(kAll<kCounted>) && is_sorted(kAll<kAnchor>) &&
              is_sorted(kAll<kErase>) && is_sorted(kAll<kHold>) && is_sorted(kAll<kPrune>) &&
              is_sorted(kAll<kRead>) && is_sorted(kAll<kExport>) && is_sorted(kEffect) &&
              is_sorted(kTraits) && is_sorted(kSaid) && is_sorted(kParameter) && is_sorted(kSealedDecision) &&
              is_sorted(kSealedDryRun) && is_sorted(kSealedOutcome));

}  // namespace

std::span<const FieldRule> fields_of(EntryType type) noexcept {
  switch (type) {
    case EntryType::segment: return kSegment;
    case EntryType::open: return kOpen;
    case EntryType::recovered: return kRecovered;
    case EntryType::close:
    case EntryType::heartbeat: return {};
    case EntryType::session: return kSession;
    case EntryType::decision: return kDecision;
    case EntryType::outcome: return kOutcome;
    case EntryType::policy: return kPolicy;
    case EntryType::config: return kConfig;
    case EntryType::dry_run: return kDryRun;
    case EntryType::key: return kKey;
    case EntryType::counted: return kCounted;
    case EntryType::anchor: return kAnchor;
    case EntryType::erase: return kErase;
    case EntryType::hold: return kHold;
    case EntryType::prune: return kPrune;
    case EntryType::read: return kRead;
    case EntryType::export_: return kExport;
  }
  return {};
}

std::span<const FieldRule> all_fields_of(EntryType type) noexcept {
  switch (type) {
    case EntryType::segment: return kAll<kSegment>;
    case EntryType::open: return kAll<kOpen>;
    case EntryType::recovered: return kAll<kRecovered>;
    case EntryType::close:
    case EntryType::heartbeat: return kCommon;
    case EntryType::session: return kAll<kSession>;
    case EntryType::decision: return kAll<kDecision>;
    case EntryType::outcome: return kAll<kOutcome>;
    case EntryType::policy: return kAll<kPolicy>;
    case EntryType::config: return kAll<kConfig>;
    case EntryType::dry_run: return kAll<kDryRun>;
    case EntryType::key: return kAll<kKey>;
    case EntryType::counted: return kAll<kCounted>;
    case EntryType::anchor: return kAll<kAnchor>;
    case EntryType::erase: return kAll<kErase>;
    case EntryType::hold: return kAll<kHold>;
    case EntryType::prune: return kAll<kPrune>;
    case EntryType::read: return kAll<kRead>;
    case EntryType::export_: return kAll<kExport>;
  }
  return {};
}

std::span<const FieldRule> common_fields() noexcept {
  return kCommon;
}

std::span<const FieldRule> effect_fields() noexcept {
  return kEffect;
}

std::span<const FieldRule> trait_fields() noexcept {
  return kTraits;
}

std::span<const FieldRule> said_fields() noexcept {
  return kSaid;
}

std::span<const FieldRule> parameter_fields() noexcept {
  return kParameter;
}

std::span<const FieldRule> sealed_fields(EntryType type) noexcept {
  switch (type) {
    case EntryType::decision: return kSealedDecision;
    case EntryType::dry_run: return kSealedDryRun;
    case EntryType::outcome: return kSealedOutcome;
    default: return {};
  }
}

}  // namespace portcullis::audit
