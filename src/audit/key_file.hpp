// The private key of a log in a file of its own, and the public one beside it.
#pragma once

#include <filesystem>

#include "audit/note_write.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// Where write_key_files() puts the public key: FILE.pub.
[[nodiscard]] std::filesystem::path public_key_file(const std::filesystem::path& file);

// `file` with the private key, mode 0600, and beside it public_key_file() with the public one, as verifiers
// take it, mode 0644 less the umask; both synced. Neither is ever overwritten. On failure (58030, F0000 for
// a name that no log can have) there is neither of them, or what was there before.
[[nodiscard]] base::Result<void> write_key_files(const std::filesystem::path& file, const NamedKey& key);

// F0000, with what to do, for anything but a key as write_key_files() wrote it, in a regular file (no
// symbolic link) that only its owner may read or write, and that belongs to root or to the user that runs
// this. The checks are made on the file opened. No error holds a part of the key, and no copy of it stays in
// memory.
[[nodiscard]] base::Result<NamedKey> read_key_file(const std::filesystem::path& file);

}  // namespace portcullis::audit
