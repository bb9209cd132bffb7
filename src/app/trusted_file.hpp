// Reads files that the gate must be able to trust: whoever can write one of them decides what the gate lets
// through.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/secret.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::app {

enum class Privacy : std::uint8_t {
  readable,  // anyone may read it: configuration, policy, certificates
  secret,    // only its owner may: passwords, login verifiers
  key,       // as `secret`, or root's file that a group may read (0640), PostgreSQL manual 19.9.1
};

inline constexpr std::size_t kLargestTrustedFile = std::size_t{4} << 20;

// The whole file. Refused (F0000, with what to type to mend it): no regular file, larger than
// kLargestTrustedFile, owned by someone who is neither root nor the user that runs this process, writable by
// group or others, or readable by more than `privacy` allows. The checks are made on the file opened, so that
// it cannot be exchanged in between.
[[nodiscard]] base::Result<std::string> read_trusted_file(const std::filesystem::path& path, Privacy privacy);

// The first line of a text, without its line end, as a secret; the rest, and the text itself, are wiped.
[[nodiscard]] base::Secret first_line(std::string&& text);

}  // namespace portcullis::app
