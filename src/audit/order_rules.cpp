#include "audit/order_rules.hpp"

#include <algorithm>
#include <utility>

#include "audit/json_value.hpp"

namespace portcullis::audit {
namespace {

OrderViolation wrong_order(std::string message) {
  return {"order", std::move(message)};
}

EntryType type_of(OrderAction action) {
  switch (action) {
    case OrderAction::erase: return EntryType::erase;
    case OrderAction::prune: return EntryType::prune;
    case OrderAction::hold:
    case OrderAction::release: break;
  }
  return EntryType::hold;
}

// Each word of the path is a member of the one before.
const JsonValue* at(const JsonValue& root, std::initializer_list<std::string_view> path) {
  const JsonValue* value = &root;
  for (const auto word : path) value = value == nullptr ? nullptr : value->find(word);
  return value;
}

}  // namespace

OrderEntry order_entry(const EntryReader& entry) {
  return {entry.type(),        entry.index(),
          entry.micros(),      entry.text("hash"),
          entry.text("order"), entry.number("before"),
          entry.text("class"), static_cast<std::uint64_t>(entry.number("first").value_or(0)),
          entry.text("root")};
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
  if (entry.type() == EntryType::segment) begin_segment(entry.index(), entry.hashes("frontier"));
  if (entry.type() == EntryType::config) {
    powers_ = erasure_powers(entry.text("bytes"));
    config_index_ = entry.index();
  }
  if (entry.type() != EntryType::erase && entry.type() != EntryType::hold && entry.type() != EntryType::prune)
    return std::nullopt;
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

void OrderRules::begin_segment(std::uint64_t index, std::span<const Hash> frontier) {
  if (segments_.empty()) has_pruned_holds_ = index > 0;
  Hash root = frontier.empty() ? empty_root() : frontier.back();
  for (std::size_t left = frontier.size(); left-- > 1;) root = node_hash(frontier[left - 1], root);
  segments_[index] = to_hex(root);
}

std::optional<OrderViolation> OrderRules::judge(const OrderEntry& entry, std::string_view name) const {
  return entry.before ? judge_time(entry) : judge_order(entry, name).violation;
}

OrderRules::Judged OrderRules::judge_order(const OrderEntry& entry, std::string_view name) const {
  auto read = read_order(entry.order);
  if (!read) return {{}, wrong_order(read.error().message)};
  const Order& order = read->order;
  if (type_of(order.action) != entry.type)
    return {{}, wrong_order("an order to " + std::string(to_text(order.action)) + " does not belong here")};
  if (order.origin != name)
    return {{}, wrong_order("the order is for the log \"" + order.origin + "\", and not for this one")};
  if (read->hash != entry.hash) return {{}, wrong_order("\"hash\" is not that of the order")};
  if (auto wrong = unsigned_by(*read)) return {{}, wrong_order(std::move(*wrong))};
  auto wrong = order.action == OrderAction::prune ? reach_of_prune(entry, order) : reach(order, entry.index);
  if (wrong) return {{}, wrong_order(std::move(*wrong))};
  if (auto violation = held_against(order)) return {{}, std::move(violation)};
  if (order.action == OrderAction::hold && holds_.size() >= kMostHolds && !holds_.contains(read->hash))
    return {{}, wrong_order("10,000 orders to hold are in force already: release some")};
  return {std::move(*read), {}};
}

// Of a log that was pruned nobody knows the erasers before its first `config`. What the log begins with is
// believed by none but those who are known.
std::optional<std::string> OrderRules::unsigned_by(const SignedOrder& order) const {
  const bool explains_beginning = order.order.action == OrderAction::prune && order.order.first >= first();
  if (first() > 0 && !config_index_ && !explains_beginning) return std::nullopt;
  const auto signers = count_signers(order, powers_.erasers);
  if (!signers) return signers.error().message;
  if (*signers >= kNeededSigners) return std::nullopt;
  return "the order needs the signatures of two keys of audit.erasers, as the configuration before it has "
         "them, and has " +
         std::to_string(*signers);
}

// What it speaks of must be there. Nothing, or what is wrong.
std::optional<std::string> OrderRules::reach(const Order& order, std::uint64_t index) const {
  if (order.action == OrderAction::release) {
    if (has_pruned_holds_ || holds_.contains(order.hold)) return std::nullopt;
    return "it releases the order " + order.hold + ", which is none to hold that is in force";
  }
  if (order.records.back().last < index) return std::nullopt;
  return "it speaks of entry " + std::to_string(order.records.back().last) + ", which stands behind it";
}

// Of what was pruned before the log began, only that it rises is known.
std::optional<std::string> OrderRules::reach_of_prune(const OrderEntry& entry, const Order& order) const {
  const std::string first = std::to_string(order.first);
  if (entry.first != order.first) return "\"first\" is not that of the order";
  if (order.first >= entry.index) return "it keeps the entries from " + first + " on, which stands behind it";
  if (!prunes_.empty() && order.first <= prunes_.back().first)
    return "the entries before " + std::to_string(prunes_.back().first) +
           " were ordered to be pruned already";
  if (order.first < this->first()) return std::nullopt;
  const auto segment = segments_.find(order.first);
  if (segment == segments_.end())
    return "entry " + first +
           " begins no segment, and whole segments are pruned: make the order with "
           "portcullis audit order prune";
  if (segment->second != entry.root) return "\"root\" is not that of the entries before " + first;
  return std::nullopt;
}

std::optional<OrderViolation> OrderRules::held_against(const Order& order) const {
  if (order.action == OrderAction::erase) return held(order);
  if (order.action != OrderAction::prune) return std::nullopt;
  for (const auto& [hash, hold] : holds_) {
    if (hold.records.front().first >= order.first) continue;
    return OrderViolation{
        "hold", "an entry that is to be pruned is held by the order " + hash + ", which was not released"};
  }
  return std::nullopt;
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
  const bool is_known = first() == 0 || config_index_;
  if (!kept && is_known) {
    return OrderViolation{"retention", "the configuration before it does not say how long the class " +
                                           entry.text_class + " is kept"};
  }
  if (kept && *entry.before > entry.micros - *kept * 1'000)
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
    case OrderAction::prune:
      prunes_.push_back({entry.index, order.order.first, entry.hash});
      erased_.add_pruned(order.order.first);
      ++erasures_;
      if (order.order.first >= first()) has_pruned_holds_ = false;
      return;
  }
}

}  // namespace portcullis::audit
