// Writes altered copies of a log, as somebody would who may write its files and knows the format: for the
// drill.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/entry_reader.hpp"
#include "audit/note_write.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

struct Forgery {
  // What stands in an entry's place, in order of the log; nothing in it: the entry goes. Empty: all stay as
  // they are.
  std::function<std::vector<std::string>(const EntryReader&)> edit{};
  // Index, batch, `prev`, seal, frontier and what refers to an index are made true again, and files named by
  // it.
  bool remade = false;
  // Entries from this index on go, which is not 0.
  std::uint64_t cut_at = UINT64_MAX;
  // Notes of more than this go.
  std::uint64_t notes_up_to = UINT64_MAX;
  // Only where `remade`: this key takes the place of the log's, in the entries and in the notes, which are
  // made anew.
  const NamedKey* signer = nullptr;
  // Only where `remade`: no key and no note stays.
  bool unsign = false;
};

// The copy of the log in `from` that `forgery` says, in `to`, which is made. Reads `from`, an entry at a
// time, and never writes to it. 58030 when a file cannot be read or written, or `from` has a line that is no
// entry.
[[nodiscard]] base::Result<void> forge(const std::filesystem::path& from, const std::filesystem::path& to,
                                       const Forgery& forgery);

}  // namespace portcullis::audit
