// Reads a log for people and programs: `portcullis audit show`, `query`, `report`, `export`. Checks the form
// of what it shows, not the chain: that is what verify() is for. Most of what is not asked for is passed over
// by a look at its bytes; damage there is not met.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/filter.hpp"
#include "audit/log_walk.hpp"
#include "audit/statement.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

class Unsealer;

// Calls for each entry that the filter lets through, in order, until `callback` returns false. The entry and
// its line (canonical JSON, not made safe for a terminal) are valid during the call. Ends quietly where a log
// that is being written, or that a crash tore, ends. 58030 when a file cannot be read or a line before its
// end is no entry.
[[nodiscard]] base::Result<void> for_each_entry(const std::filesystem::path& directory,
                                                const EntryFilter& filter,
                                                const std::function<bool(const EntryReader&)>& callback);

struct ReadOptions {
  EntryFilter filter{};
  std::optional<std::uint64_t> as_of{};  // as if the log ended with this entry; nothing: as it is now
  bool every = false;                    // times are not trusted: an entry is looked at wherever it stands
  bool texts = false;                    // of statements: a Bind has the text of its Parse
  // Of entries: the outcomes of the decisions that the filter lets through come too, each at its place, also
  // where they stand behind the range. Not where EntryFilter::type is set.
  bool outcomes = false;
  Unsealer* keys = nullptr;  // of statements: texts that are sealed are opened with them
  ReadProgress progress{};
};

// What was read, for those who want to read it again.
struct ReadFacts {
  std::uint64_t as_of = 0;            // the log's last entry, as far as anything was read
  bool is_empty = false;              // there was no entry
  std::uint64_t first = 0, last = 0;  // the entries gone over, as far as time and index leave them
  std::uint64_t scanned = 0;          // how many those are; the rest was passed over by time and index
  std::uint64_t matched = 0;
  // Where memory would have grown without bound. Of so many statements not all outcomes were waited for; of
  // so many sessions the login was forgotten.
  std::uint64_t cut_short = 0, forgotten = 0;
};

// The same as for_each_entry(), with the session of the entry where it is known, else nothing. 22023 for an
// `as_of` that the log does not have.
using OnEntry = std::function<bool(const EntryReader&, const SessionFacts*)>;
[[nodiscard]] base::Result<ReadFacts> read_entries(const std::filesystem::path& directory,
                                                   const ReadOptions& options, const OnEntry& callback);

// Calls for each statement that the filter lets through: every `decision`, and every `counted` entry, joined
// with its outcomes, which may stand behind the range that is asked for. EntryFilter::sqlstate is of the
// decision or of an outcome; `type` is not looked at. In the order of the decisions, but that one which
// waited longer than kMostWaiting others comes when it is known. `on_other`, where given, is called for every
// `open`, `recovered`, `close` and `session` entry within the range. Errors as above.
using OnStatement = std::function<bool(const Statement&)>;
[[nodiscard]] base::Result<ReadFacts> read_statements(const std::filesystem::path& directory,
                                                      const ReadOptions& options, const OnStatement& callback,
                                                      const OnEntry& on_other = {});

// How many statements, and how many bytes of their lines, wait for outcomes at a time.
inline constexpr std::size_t kMostWaiting = 20'000, kMostWaitingBytes = std::size_t{32} << 20;

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
// The same of at most about `most` bytes, "..." behind it where there was more.
[[nodiscard]] std::string on_one_line(std::string_view text, std::size_t most);
// 2026-11-21T04:49:55.123456Z, of microseconds since 1970.
[[nodiscard]] std::string time_text(std::int64_t micros);

}  // namespace portcullis::audit
