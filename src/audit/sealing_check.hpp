// The log once more, with the keys of its sealed texts: whether what is sealed opens, and what does not was
// ordered to be erased. docs/audit-sealing.md, "What must hold", behind "With the keys".
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "audit/hash.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::audit {

// What the first reading has checked.
struct CheckedLog {
  std::filesystem::path directory;
  std::string name;         // its origin
  std::uint64_t whole = 0;  // entries
  Hash leaf{};              // of the last of these
  std::uint64_t first = 0;  // of the entries that are there
};

// With the entry that the finding names, and the file of keys or nothing.
using SealingReport = std::function<void(VerifyResult severity, std::string_view check, std::uint64_t index,
                                         std::string file, std::string message)>;

// At most one finding of each check: "read", "sealed", "erased", "kept". Memory: a file of keys at a time, or
// a few; the ranges that are erased, and those that cannot be opened.
void check_sealing(const std::filesystem::path& keys, const CheckedLog& log, const SealingReport& report);

}  // namespace portcullis::audit
