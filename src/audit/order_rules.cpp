#include "audit/order_rules.hpp"

#include <algorithm>
#include <utility>

#include "audit/json_value.hpp"

namespace portcullis::audit {
namespace {

OrderViolation wrong_order(std::string message) {
  return {"order", std::move(message)};
}

// Each word of the path is a member of the one before.
const JsonValue* at(const JsonValue& root, std::initializer_list<std::string_view> path) {
  const JsonValue* value = &root;
  for (const auto word : path) value = value == nullptr ? nullptr : value->find(word);
  return value;
}

}  // namespace

OrderEntry order_entry(const EntryReader& entry) {
  return {entry.type(),        entry.index(),          entry.micros(),     entry.text("hash"),
          entry.text("order"), entry.number("before"), entry.text("class")};
}

// What is no public key among the erasers is passed over, what is no time among the times too.
ErasurePowers erasure_powers(std::string_view config_bytes) {
  ErasurePowers powers;
  const auto config = read_json(config_bytes);
  if (!config) return powers;
  if (const auto* erasers = at(*config, {"audit", "erasers"})) {
    for (const auto& text : erasers->elements) {
      if (text.kind != JsonValue::Kind::string) continue;
      if (auto key = read_vkey(text.text)) powers.erasers.push_back(std::move(*key));
    }
  }
  for (const SealClass kind : kEachSealClass) {
    const auto* time = at(*config, {"audit", "retention_ms", name_of(kind)});
    if (time != nullptr) powers.retention_ms[static_cast<std::size_t>(kind)] = time->count();
  }
  return powers;
}

// An order as it stands in an entry, or what is wrong with it.
struct OrderRules::Judged {
  std::optional<SignedOrder> order{};
  std::optional<OrderViolation> violation{};
};

std::optional<OrderViolation> OrderRules::see(const EntryReader& entry, std::string_view name) {
  if (entry.type() == EntryType::config) powers_ = erasure_powers(entry.text("bytes"));
  if (entry.type() != EntryType::erase && entry.type() != EntryType::hold) return std::nullopt;
  const OrderEntry told = order_entry(entry);
  if (told.before) {
    if (auto violation = judge_time(told)) return violation;
    erased_.add(*seal_class(told.text_class), *told.before);
    ++erasures_;
    return std::nullopt;
  }
  const Judged judged = judge_order(told, name);
  if (!judged.violation) take(told, *judged.order);
  return judged.violation;
}

std::optional<OrderViolation> OrderRules::judge(const OrderEntry& entry, std::string_view name) const {
  return entry.before ? judge_time(entry) : judge_order(entry, name).violation;
}

OrderRules::Judged OrderRules::judge_order(const OrderEntry& entry, std::string_view name) const {
  auto read = read_order(entry.order);
  if (!read) return {{}, wrong_order(read.error().message)};
  const Order& order = read->order;
  const bool erases = order.action == OrderAction::erase;
  if (erases != (entry.type == EntryType::erase))
    return {{}, wrong_order("an order to " + std::string(to_text(order.action)) + " does not belong here")};
  if (order.origin != name)
    return {{}, wrong_order("the order is for the log \"" + order.origin + "\", and not for this one")};
  if (read->hash != entry.hash) return {{}, wrong_order("\"hash\" is not that of the order")};
  const auto signers = count_signers(*read, powers_.erasers);
  if (!signers) return {{}, wrong_order(signers.error().message)};
  if (*signers < kNeededSigners) {
    return {{},
            wrong_order("the order needs the signatures of two keys of audit.erasers, as the configuration "
                        "before it has them, and has " +
                        std::to_string(*signers))};
  }
  if (auto wrong = reach(order, entry.index)) return {{}, wrong_order(std::move(*wrong))};
  if (erases) {
    if (auto violation = held(order)) return {{}, std::move(violation)};
  } else if (order.action == OrderAction::hold && holds_.size() >= kMostHolds &&
             !holds_.contains(read->hash)) {
    return {{}, wrong_order("10,000 orders to hold are in force already: release some")};
  }
  return {std::move(*read), {}};
}

// What it speaks of must be there. Nothing, or what is wrong.
std::optional<std::string> OrderRules::reach(const Order& order, std::uint64_t index) const {
  if (order.action == OrderAction::release) {
    if (holds_.contains(order.hold)) return std::nullopt;
    return "it releases the order " + order.hold + ", which is none to hold that is in force";
  }
  if (order.records.back().last < index) return std::nullopt;
  return "it speaks of entry " + std::to_string(order.records.back().last) + ", which stands behind it";
}

std::optional<OrderViolation> OrderRules::held(const Order& order) const {
  for (const auto& [hash, hold] : holds_) {
    if (!have_common(hold.records, order.records)) continue;
    for (const SealClass kind : kEachSealClass) {
      if (!order.classes.has(kind) || !hold.classes.has(kind)) continue;
      return OrderViolation{"hold", "something of the class " + std::string(name_of(kind)) +
                                        " that is to be erased is held by the order " + hash +
                                        ", which was not released"};
    }
  }
  return std::nullopt;
}

std::optional<OrderViolation> OrderRules::judge_time(const OrderEntry& entry) const {
  const auto kind = seal_class(entry.text_class);
  if (!kind) return OrderViolation{"retention", "it names a class that there is not"};
  const auto kept = powers_.retention_ms[static_cast<std::size_t>(*kind)];
  if (!kept) {
    return OrderViolation{"retention", "the configuration before it does not say how long the class " +
                                           entry.text_class + " is kept"};
  }
  if (*entry.before > entry.micros - *kept * 1'000)
    return OrderViolation{"retention", "it erases what the configuration before it still keeps"};
  if (!is_held(*kind)) return std::nullopt;
  return OrderViolation{"retention", "something of the class " + entry.text_class + " is held"};
}

bool OrderRules::is_held(SealClass kind) const {
  return std::any_of(holds_.begin(), holds_.end(),
                     [kind](const auto& hold) { return hold.second.classes.has(kind); });
}

void OrderRules::take(const OrderEntry& entry, const SignedOrder& order) {
  switch (order.order.action) {
    case OrderAction::erase:
      erased_.add(order.order);
      ++erasures_;
      return;
    case OrderAction::hold:
      holds_.try_emplace(entry.hash, Hold{order.order.records, order.order.classes});
      return;
    case OrderAction::release: holds_.erase(order.order.hold); return;
  }
}

}  // namespace portcullis::audit
