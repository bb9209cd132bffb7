#include "audit/sealer.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

base::Error not_yet() {
  return {.code = base::sqlstate::configuration_limit_exceeded,
          .message = "the audit log waits for new keys to seal texts with: try again"};
}

std::int64_t in_micros(std::chrono::hours hours) {
  return std::chrono::duration_cast<std::chrono::microseconds>(hours).count();
}

}  // namespace

// --- the keys of slots

SlotKeys::SlotKeys(const KeyTree& tree) : ahead_(tree.nodes().rbegin(), tree.nodes().rend()) {
  ahead_.reserve(ahead_.size() + kTreeDepth);
}

std::optional<SecretKey> SlotKeys::take(std::uint32_t slot) {
  while (!ahead_.empty() && ahead_.back().last() < slot) ahead_.pop_back();
  if (ahead_.empty() || ahead_.back().first() > slot) return std::nullopt;
  KeyTree::Node node = ahead_.back();
  ahead_.pop_back();
  while (node.level < kTreeDepth) {
    KeyTree::Node next = step_to(node, slot);
    if ((next.number & 1u) == 0) ahead_.push_back(step_to(node, node.last()));
    node = next;
  }
  return node.key;
}

// --- epochs

Sealer::Sealer(SealingFolder folder, std::string origin, const base::Clock& clock)
    : folder_(std::move(folder)), origin_(std::move(origin)), origin_hash_(sha256(origin_)), clock_(clock) {}

base::Result<std::unique_ptr<Sealer>> Sealer::open(const std::filesystem::path& folder, std::string origin,
                                                   const base::Clock& clock) {
  auto made = SealingFolder::make(folder);
  if (!made) return made.error();
  return std::unique_ptr<Sealer>(new Sealer(std::move(*made), std::move(origin), clock));
}

std::int64_t Sealer::micros() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall().time_since_epoch()).count();
}

std::uint64_t Sealer::epoch() const {
  const std::scoped_lock lock(mutex_);
  return epoch_;
}

bool Sealer::is_due() const {
  return !has_epoch_ || next_slot_ >= kSlots - kSlotsAhead || micros() - made_ >= in_micros(kEpochAge);
}

base::Result<void> Sealer::renew(std::uint64_t durable, bool at_once) {
  const std::scoped_lock one_at_a_time(making_);
  {
    const std::scoped_lock lock(mutex_);
    if (!is_due() && !(at_once && next_slot_ > 0)) return {};
    if (failure_ && !at_once && std::chrono::steady_clock::now() < next_try_) return *failure_;
    // One number names one epoch.
    if (has_epoch_ && durable <= epoch_) return not_yet();
  }
  auto begun = begin(durable);
  if (!begun) {
    const std::scoped_lock lock(mutex_);
    failure_ = base::Error{begun.error().code,
                           "the audit log can make no new keys to seal texts with: " + begun.error().message};
    next_try_ = std::chrono::steady_clock::now() + kRetry;
    return *failure_;
  }
  return {};
}

base::Result<void> Sealer::begin(std::uint64_t durable) {
  const auto keys = make_sealing_keys(origin_, durable, micros());
  if (!keys) return keys.error();
  if (auto created = folder_.create(*keys); !created) return created;
  decltype(keys_) ahead;
  for (std::size_t i = 0; i < ahead.size(); ++i) ahead[i] = SlotKeys(keys->trees[i]);
  const std::scoped_lock lock(mutex_);
  has_epoch_ = true;
  epoch_ = durable;
  made_ = keys->made;
  next_slot_ = 0;
  std::swap(keys_, ahead);  // those of the epoch that is left are wiped with `ahead`
  failure_.reset();
  return {};
}

// --- sealing

std::optional<base::Error> Sealer::refusal(Need need) const {
  if (!has_epoch_) return not_yet();
  const std::uint32_t kept = need == Need::certain ? 0 : kSlotsKept;
  if (next_slot_ >= kSlots - kept) return failure_.value_or(not_yet());
  // A clock that was set alone is no reason: the next epoch is then on its way.
  const bool is_too_old = failure_ && micros() - made_ >= in_micros(kEpochAge + kGrace);
  if (is_too_old && need == Need::refusable) return failure_;
  return std::nullopt;
}

base::Result<Sealer::Taken> Sealer::take(std::span<const ClearField> fields, Need need) {
  const std::scoped_lock lock(mutex_);
  if (auto refused = refusal(need)) return *refused;
  Taken taken{epoch_, next_slot_++, {}};
  for (const auto& field : fields) {
    const auto kind = class_of_field(field.field);
    if (!kind) return base::Error{base::sqlstate::internal_error, "a field that no key is for: report this"};
    const auto at = static_cast<std::size_t>(*kind);
    if (!taken.keys[at]) taken.keys[at] = keys_[at].take(taken.slot);
    if (!taken.keys[at])
      return base::Error{base::sqlstate::internal_error, "a slot without a key: report this"};
  }
  return taken;
}

base::Result<Sealed> Sealer::seal(std::span<const ClearField> fields, Need need) {
  const auto taken = take(fields, need);
  if (!taken) return taken.error();
  Sealed sealed{taken->epoch, taken->slot, {}};
  sealed.fields.reserve(fields.size());
  const SealedPlace place{origin_hash_, taken->epoch, taken->slot};
  for (const auto& [field, value] : fields) {
    const SecretKey& key = *taken->keys[static_cast<std::size_t>(*class_of_field(field))];
    const auto box = seal_box(box_key(key, field), place, field, value);
    if (!box) return box.error();
    sealed.fields.push_back(
        {field, to_text(commitment_of(salt_of(key, field), field, value)), base::to_base64(*box)});
  }
  return sealed;
}

}  // namespace portcullis::audit
