#include "audit/erasure.hpp"

#include <algorithm>
#include <utility>

#include "audit/read.hpp"

namespace portcullis::audit {
namespace {

// Between the time that an epoch says it was made and the last text that was sealed under the one before.
constexpr std::int64_t kHandOverMicros = 60'000'000;
// Entries that may stand behind the first of the next epoch and still be of this one: more than the queue
// holds.
constexpr std::uint64_t kStragglers = 1'000'000;

base::Error refuse(std::string message) {
  return {.code = base::sqlstate::invalid_parameter_value, .message = std::move(message)};
}

std::string counted(std::uint64_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

bool has_any(SealClassSet one, SealClassSet other) {
  return std::any_of(kEachSealClass.begin(), kEachSealClass.end(),
                     [&](SealClass kind) { return one.has(kind) && other.has(kind); });
}

bool has_text(const EntryReader& entry, const std::string& key) {
  return entry.has(key) || entry.has(key + "_base64");
}

// The slots of the records, which are in `ranges`.
void take(const EntryReader& entry, SealClassSet classes, OrderReach& reach) {
  if (has_any(clear_classes(entry), classes)) ++reach.clear;
  const auto sealed = entry.sealed();
  if (!sealed || sealed->slot >= kSlots || !has_any(sealed_classes(entry), classes)) return;
  ++reach.records;
  reach.slots[sealed->epoch].add({sealed->slot, sealed->slot});
}

}  // namespace

SealClassSet sealed_classes(const EntryReader& entry) {
  SealClassSet classes;
  const auto sealed = entry.sealed();
  if (!sealed) return classes;
  for (const auto& field : sealed->fields) {
    if (const auto kind = class_of_field(field.name)) classes.add(*kind);
  }
  return classes;
}

SealClassSet clear_classes(const EntryReader& entry) {
  SealClassSet classes;
  for (const std::string text : {"text", "report", "error"}) {
    if (has_text(entry, text)) classes.add(SealClass::text);
  }
  if (entry.has("parameters")) classes.add(SealClass::parameters);
  const auto* said = entry.json().find(entry.json().root(), "said");
  if (said != nullptr && !entry.text(*said, "reason").empty()) classes.add(SealClass::said);
  return classes;
}

base::Result<OrderReach> reach_of(const std::filesystem::path& directory, const Order& order) {
  OrderReach reach;
  EntryFilter filter;
  filter.from = order.records.front().first;
  filter.to = order.records.back().last;
  auto range = order.records.begin();
  const auto read = for_each_entry(directory, filter, [&](const EntryReader& entry) {
    while (range->last < entry.index()) ++range;
    if (range->first <= entry.index()) take(entry, order.classes, reach);
    return true;
  });
  if (!read) return read.error();
  return reach;
}

std::int64_t Erasure::micros() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall().time_since_epoch()).count();
}

// The rules know what stands in the log.
base::Result<void> Erasure::catch_up() {
  EntryFilter filter;
  filter.from = seen_;
  return for_each_entry(options_.directory, filter, [this](const EntryReader& entry) {
    (void)rules_.see(entry, options_.origin);
    seen_ = entry.index() + 1;
    return true;
  });
}

// --- orders

base::Result<std::string> Erasure::carry_out(std::string_view bytes) {
  const auto order = read_order(bytes);
  if (!order) return order.error();
  if (const auto caught_up = catch_up(); !caught_up) return caught_up.error();
  switch (order->order.action) {
    case OrderAction::erase: return erase(*order, bytes);
    case OrderAction::prune: return prune(*order, bytes);
    case OrderAction::hold:
    case OrderAction::release: break;
  }
  return hold(*order, bytes);
}

base::Result<std::string> Erasure::erase(const SignedOrder& order, std::string_view bytes) {
  const OrderEntry entry{EntryType::erase, seen_, micros(), order.hash, std::string(bytes)};
  if (const auto violation = rules_.judge(entry, options_.origin))
    return refuse("the order " + order.hash + " is refused: " + violation->message);
  const auto reach = audit::reach_of(options_.directory, order.order);
  if (!reach) return reach.error();
  if (reach->records == 0) {
    return refuse("the order " + order.hash +
                  " is refused: none of its records has a sealed text of its classes" +
                  (reach->clear == 0 ? "" : ", and what stands in the clear cannot be erased"));
  }
  if (const auto left = leave_newest(*reach); !left) return left.error();
  at("entry");
  if (const auto written = host_.append(EraseRecord{.hash = order.hash, .order = std::string(bytes)});
      !written)
    return written.error();
  at("entry durable");
  if (const auto done = destroy(*reach, order.order.classes); !done) return done.error();
  std::string said =
      "erased: the texts (" + to_text(order.order.classes) + ") of " + counted(reach->records, "record");
  if (reach->clear > 0) {
    said +=
        "; " + counted(reach->clear, "record") +
        " of the order have texts in the clear, since audit.text was not \"sealed\": those are still there";
  }
  return said;
}

// The one who seals keeps keys of the newest epoch in memory, and takes more slots of it.
base::Result<void> Erasure::leave_newest(const OrderReach& reach) {
  const auto epochs = keys_.epochs();
  if (!epochs) return epochs.error();
  if (epochs->empty() || !reach.slots.contains(epochs->back())) return {};
  return host_.leave_epoch();
}

// Of what has no file, all is erased.
base::Result<void> Erasure::destroy(const OrderReach& reach, SealClassSet classes) {
  const auto epochs = keys_.epochs();
  if (!epochs) return epochs.error();
  for (const std::uint64_t epoch : *epochs) {
    const auto slots = reach.slots.find(epoch);
    if (slots == reach.slots.end()) continue;
    auto keys = keys_.read(epoch);
    if (!keys) return keys.error();
    at("keys");
    for (const SealClass kind : kEachSealClass) {
      if (!classes.has(kind)) continue;
      for (const auto& [first, last] : slots->second.ranges())
        keys->of(kind).erase(static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last));
    }
    if (const auto replaced = keys_.replace(*keys); !replaced) return replaced;
  }
  return {};
}

// Behind a crash the entry may be there already: that is as good as one more.
base::Result<std::string> Erasure::hold(const SignedOrder& order, std::string_view bytes) {
  const bool holds = order.order.action == OrderAction::hold;
  const std::string done = holds ? "held: records " + to_text(std::span(order.order.records)) + " (" +
                                       to_text(order.order.classes) + ")"
                                 : "released: the order " + order.order.hold;
  const OrderEntry entry{EntryType::hold, seen_, micros(), order.hash, std::string(bytes)};
  const auto violation = rules_.judge(entry, options_.origin);
  if (!violation && holds && rules_.holds().contains(order.hash)) return done;
  if (violation) {
    const auto recorded = was_recorded(order.hash);
    if (!recorded) return recorded.error();
    if (!holds && *recorded && !rules_.holds().contains(order.order.hold)) return done;
    return refuse("the order " + order.hash + " is refused: " + violation->message);
  }
  at("entry");
  if (const auto written = host_.append(HoldRecord{order.hash, std::string(bytes)}); !written)
    return written.error();
  at("entry durable");
  return done;
}

base::Result<bool> Erasure::was_recorded(const std::string& hash) const {
  bool found = false;
  EntryFilter filter;
  filter.type = EntryType::hold;
  const auto read = for_each_entry(options_.directory, filter, [&](const EntryReader& entry) {
    found = entry.text("hash") == hash;
    return !found;
  });
  if (!read) return read.error();
  return found;
}

// --- time

base::Result<std::string> Erasure::expire() {
  const auto epochs = keys_.epochs();
  if (!epochs) return epochs.error();
  if (epochs->size() < 2) return std::string();
  if (const auto caught_up = catch_up(); !caught_up) return caught_up.error();
  std::string said;
  for (const SealClass kind : kEachSealClass) {
    const auto erased = expire(kind);
    if (!erased) return erased.error();
    if (!erased->empty()) said += (said.empty() ? "" : "; ") + *erased;
  }
  return said;
}

base::Result<std::string> Erasure::expire(SealClass kind) {
  const auto kept = rules_.powers().retention_ms[static_cast<std::size_t>(kind)];
  if (!kept || rules_.is_held(kind)) return std::string();
  const std::int64_t before = micros() - *kept * 1'000;
  const auto epochs = expired(kind, before);
  if (!epochs || epochs->empty()) return epochs ? base::Result<std::string>(std::string()) : epochs.error();
  const std::string name(name_of(kind));
  at("entry");
  const auto written =
      host_.append(EraseRecord{.before = static_cast<std::uint64_t>(before), .text_class = name});
  if (!written) return written.error();
  at("entry durable");
  for (const std::uint64_t epoch : *epochs) {
    auto keys = keys_.read(epoch);
    if (!keys) return keys.error();
    at("keys");
    keys->of(kind).erase_all();
    if (const auto replaced = keys_.replace(*keys); !replaced) return replaced.error();
  }
  return "erased: the texts of the class " + name + " that were recorded before " + time_text(before) +
         ", in " + counted(epochs->size(), "file") + " of keys";
}

// Those that have keys of the class and nothing that is to be kept.
base::Result<std::vector<std::uint64_t>> Erasure::expired(SealClass kind, std::int64_t before) const {
  std::vector<std::uint64_t> found;
  if (before <= 0) return found;
  const auto epochs = keys_.epochs();
  if (!epochs) return epochs.error();
  bool has_keys = false;
  for (std::size_t i = 0; i < epochs->size(); ++i) {
    const auto keys = keys_.read((*epochs)[i]);
    if (!keys) return keys.error();
    if (keys->made > before - kHandOverMicros) break;
    if (has_keys) {
      const auto old = is_all_before((*epochs)[i - 1], (*epochs)[i], before);
      if (!old) return old.error();
      if (*old) found.push_back((*epochs)[i - 1]);
    }
    has_keys = !keys->of(kind).is_empty();
  }
  return found;
}

// Where a clock was set back, an entry may be newer than the epoch behind it.
base::Result<bool> Erasure::is_all_before(std::uint64_t epoch, std::uint64_t next,
                                          std::int64_t before) const {
  bool holds = true;
  EntryFilter filter;
  filter.from = epoch;
  filter.to = next + kStragglers;
  const auto read = for_each_entry(options_.directory, filter, [&](const EntryReader& entry) {
    const auto sealed = entry.sealed();
    holds = !sealed || sealed->epoch != epoch || entry.micros() < before;
    return holds;
  });
  if (!read) return read.error();
  return holds;
}

}  // namespace portcullis::audit
