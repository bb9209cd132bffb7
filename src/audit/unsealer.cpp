#include "audit/unsealer.hpp"

#include <algorithm>
#include <system_error>

#include "audit/format.hpp"
#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

// Entries stand nearly in the order of their epochs; a file that much was erased from is large.
constexpr std::size_t kMostKept = 4;

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

base::Result<Unsealer> Unsealer::open(const std::filesystem::path& folder) {
  auto opened = SealingFolder::open(folder);
  if (!opened) return opened.error();
  return Unsealer(std::move(*opened));
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
  return open_with(*key, {sha256(origin), sealed->epoch, sealed->slot}, *field);
}

std::string Unsealer::text(const EntryReader& entry, std::string_view field) {
  auto opened = open(entry, field);
  return opened.state == Unsealed::State::absent ? entry.text(field) : std::move(opened.value);
}

}  // namespace portcullis::audit
