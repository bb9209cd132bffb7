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

bool has_notes(const std::filesystem::path& directory) {
  std::error_code ignored;
  const std::filesystem::directory_iterator files(directory, ignored);
  return std::any_of(begin(files), end(files),
                     [](const auto& file) { return file.path().extension() == ".notes"; });
}

bool is_there(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::symlink_status(file, ignored).type() != std::filesystem::file_type::not_found;
}

void warn(const AnchorConfig& anchor, const std::string& what) {
  base::log::warning("anchor \"" + anchor.name + "\": " + what);
}

// What it has, and a word where that is nothing.
base::Result<std::optional<audit::KnownHead>> ask(const AnchorConfig& anchor, const AuditConfig& config,
                                                  const std::vector<audit::VerifierKey>& keys) {
  auto head = newest(anchor, config, keys);
  if (!head && anchor.require != "alert") {
    return base::Error{
        base::sqlstate::io_error,
        "the anchor \"" + anchor.name +
            "\" is required, and what it knows of the log cannot be read: " + head.error().message};
  }
  if (!head) {
    warn(anchor, "what it knows of the log cannot be read: " + head.error().message);
    return std::optional<audit::KnownHead>();
  }
  if (!*head) warn(anchor, "its file has no checkpoint of this log by its key");
  return head;
}

}  // namespace

base::Result<std::vector<audit::KnownHead>> known_heads(const AuditConfig& config) {
  const auto keys = keys_of(config);
  const bool was_signed = has_notes(config.directory);
  std::vector<audit::KnownHead> heads;
  for (const AnchorConfig& anchor : config.anchors) {
    if (anchor.file.empty()) continue;
    if (!is_there(anchor.file)) {
      if (was_signed) warn(anchor, "its file is not there, so it cannot show whether the log was put back");
      continue;
    }
    auto head = ask(anchor, config, keys);
    if (!head) return head.error();
    if (*head) heads.push_back(**head);
  }
  return heads;
}

}  // namespace portcullis::app
