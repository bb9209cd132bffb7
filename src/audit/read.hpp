// Reads a log for people and programs: `portcullis audit show`. Checks the form of what it reads, not the
// chain: that is what verify() is for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/entry_reader.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

class Unsealer;

// Everything that is set must hold.
struct EntryFilter {
  std::uint64_t from = 0;
  std::uint64_t to = UINT64_MAX;  // the last index wanted
  std::optional<EntryType> type;
  std::string agent;    // empty: any
  std::string verdict;  // empty: any
};

// Calls for each entry that the filter lets through, in order, until `callback` returns false. The entry and
// its line (canonical JSON, not made safe for a terminal) are valid during the call. Ends quietly where a log
// that is being written, or that a crash tore, ends. 58030 when a file cannot be read or a line before its
// end is no entry.
[[nodiscard]] base::Result<void> for_each_entry(const std::filesystem::path& directory,
                                                const EntryFilter& filter,
                                                const std::function<bool(const EntryReader&)>& callback);

// From which index to read to miss nothing of what came at or behind `micros` (since 1970): the beginning of
// a segment. Reads the first entry of the newer segments. Errors as above.
[[nodiscard]] base::Result<std::uint64_t> first_index_since(const std::filesystem::path& directory,
                                                            std::int64_t micros);

// One line for a person: time, index, agent, verdict, what it was about, rule, the shortened text. Nothing in
// it can drive a terminal: control characters and those that change the direction of text are written as
// \u{..}. A text that is sealed is opened with `keys`; where it cannot be, that stands in its place.
[[nodiscard]] std::string describe(const EntryReader& entry, Unsealer* keys = nullptr);

// The whole text, made safe for a terminal as describe() does.
[[nodiscard]] std::string on_one_line(std::string_view text);
// 2026-11-21T04:49:55.123456Z, of microseconds since 1970.
[[nodiscard]] std::string time_text(std::int64_t micros);

}  // namespace portcullis::audit
