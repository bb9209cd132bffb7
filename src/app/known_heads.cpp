#include "app/known_heads.hpp"

#include <algorithm>
#include <optional>
#include <system_error>

#include "audit/anchor_notes.hpp"
#include "audit/note_write.hpp"
#include "base/log.hpp"

namespace portcullis::app {
namespace {

std::vector<audit::VerifierKey> keys_of(const AuditConfig& config) {
  std::vector<audit::VerifierKey> keys;
  for (const auto* file : {&config.key, &config.previous_key}) {
    if (!file->key) continue;
    auto key = audit::read_vkey(audit::vkey_text(file->key->name, file->key->key.public_key()));
    if (key) keys.push_back(std::move(*key));
  }
  return keys;
}

bool is_of(const audit::Note& note, const AuditConfig& config, const std::vector<audit::VerifierKey>& keys) {
  return note.origin == config.origin && std::any_of(keys.begin(), keys.end(), [&](const auto& key) {
           return audit::is_signed(note, key) == audit::Signed::by_key;
         });
}

base::Result<std::optional<audit::KnownHead>> newest(const AnchorConfig& anchor, const AuditConfig& config,
                                                     const std::vector<audit::VerifierKey>& keys) {
  constexpr std::size_t kMost = 1'024;
  std::optional<audit::KnownHead> found;
  std::vector<audit::Note> unchecked;
  // The largest first: signatures take long, and a file may have a note of every second of many days.
  const auto check = [&] {
    std::sort(unchecked.begin(), unchecked.end(),
              [](const auto& a, const auto& b) { return a.size > b.size; });
    const auto newer = std::find_if(unchecked.begin(), unchecked.end(),
                                    [&](const auto& note) { return is_of(note, config, keys); });
    if (newer != unchecked.end()) found = {"the anchor \"" + anchor.name + "\"", newer->size, newer->root};
    unchecked.clear();
  };
  const auto read = audit::read_anchor_file(anchor.file, [&](audit::Note note, std::uint64_t) {
    if (found && note.size <= found->size) return;
    unchecked.push_back(std::move(note));
    if (unchecked.size() == kMost) check();
  });
  if (!read) return read.error();
  check();
  return found;
}

}  // namespace

base::Result<std::vector<audit::KnownHead>> known_heads(const AuditConfig& config) {
  const auto keys = keys_of(config);
  std::vector<audit::KnownHead> heads;
  for (const AnchorConfig& anchor : config.anchors) {
    std::error_code ignored;
    if (anchor.file.empty() ||
        std::filesystem::symlink_status(anchor.file, ignored).type() == std::filesystem::file_type::not_found)
      continue;
    auto head = newest(anchor, config, keys);
    if (!head && anchor.require != "alert") {
      return base::Error{
          base::sqlstate::io_error,
          "the anchor \"" + anchor.name +
              "\" is required, and what it knows of the log cannot be read: " + head.error().message};
    }
    if (!head) {
      base::log::warning("anchor \"" + anchor.name +
                         "\": what it knows of the log cannot be read: " + head.error().message);
    } else if (*head) {
      heads.push_back(**head);
    } else {
      base::log::warning("anchor \"" + anchor.name + "\": its file has no checkpoint of this log by its key");
    }
  }
  return heads;
}

}  // namespace portcullis::app
