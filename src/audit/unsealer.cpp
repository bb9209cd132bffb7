#include "audit/unsealer.hpp"

#include <algorithm>
#include <system_error>

#include "audit/format.hpp"
#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

// Entries stand nearly in the order of their epochs; a file that much was erased from is large.
constexpr std::size_t kMostKept = 4;
constexpr std::size_t kMostCounted = 65'536;

Unsealed unreadable(std::string why) {
  return {Unsealed::State::unreadable, {}, {}, std::move(why)};
}

// With the key of the entry's slot.
Unsealed open_with(const SecretKey& key, const SealedPlace& place,
                   const EntryReader::SealedFields::Field& field) {
  Unsealed opened{Unsealed::State::wrong, {}, salt_of(key, field.name), {}};
  const auto box = base::from_base64(field.box);
  auto value = box ? open_box(box_key(key, field.name), place, field.name, *box) : std::nullopt;
  if (!value || to_text(commitment_of(opened.salt, field.name, *value)) != field.commitment) return opened;
  opened.value = std::move(*value);
  opened.state = Unsealed::State::open;
  return opened;
}

}  // namespace

std::string shown(Unsealed opened) {
  switch (opened.state) {
    case Unsealed::State::open: return std::move(opened.value);
    case Unsealed::State::erased: return "[erased]";
    case Unsealed::State::wrong: return "[sealed, and this key does not fit]";
    case Unsealed::State::unreadable: return "[sealed: " + opened.problem + "]";
    case Unsealed::State::absent: break;
  }
  return {};
}

base::Result<Unsealer> Unsealer::open(const std::filesystem::path& folder, Use use) {
  auto opened = SealingFolder::open(folder);
  if (!opened) return opened.error();
  return Unsealer(std::move(*opened), use);
}

// Statements that are run again and again name one entry with their text.
void Unsealer::count(std::uint64_t index, SealClass kind) {
  opened_.classes.add(kind);
  if (!counted_.insert(index).second) return;
  if (counted_.size() > kMostCounted) counted_ = {index};
  opened_.first = opened_.records == 0 ? index : std::min(opened_.first, index);
  opened_.last = std::max(opened_.last, index);
  opened_.records = std::min(opened_.records + 1, opened_.last - opened_.first + 1);
}

// Null where there is no such file: the keys of its epoch are gone.
const base::Result<SealingKeys>* Unsealer::keys_of(std::uint64_t epoch) {
  const auto known =
      std::find_if(read_.begin(), read_.end(), [epoch](const Read& read) { return read.first == epoch; });
  if (known != read_.end()) {
    read_.splice(read_.begin(), read_, known);
    return &read_.front().second;
  }
  std::error_code failed;
  const auto status = std::filesystem::symlink_status(folder_.path() / sealing_name(epoch), failed);
  if (status.type() == std::filesystem::file_type::not_found) return nullptr;
  read_.emplace_front(epoch, folder_.read(epoch));
  if (read_.size() > kMostKept) read_.pop_back();
  return &read_.front().second;
}

Unsealed Unsealer::open(const EntryReader& entry, std::string_view name) {
  const auto sealed = entry.sealed();
  if (!sealed) return {};
  const auto* field = sealed->find(name);
  const auto kind = class_of_field(name);
  if (field == nullptr || !kind) return {};
  const auto* keys = keys_of(sealed->epoch);
  if (keys == nullptr) return {Unsealed::State::erased, {}, {}, {}};
  if (!*keys) return unreadable(keys->error().message);
  const std::string_view origin = entry.origin().substr(0, entry.origin().size() - kVersionMark.size());
  if ((*keys)->origin != origin)
    return unreadable("the keys are of the log \"" + (*keys)->origin +
                      "\": name the folder of this log's keys");
  const auto key = (*keys)->of(*kind).key_of(sealed->slot);
  if (!key) return {Unsealed::State::erased, {}, {}, {}};
  count(entry.index(), *kind);
  if (use_ == Use::count) return {Unsealed::State::open, {}, {}, {}};
  return open_with(*key, {sha256(origin), sealed->epoch, sealed->slot}, *field);
}

std::string Unsealer::text(const EntryReader& entry, std::string_view field) {
  auto opened = open(entry, field);
  return opened.state == Unsealed::State::absent ? entry.text(field) : std::move(opened.value);
}

}  // namespace portcullis::audit
