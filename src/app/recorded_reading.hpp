// Sealed texts of a log, opened for a person: only behind an entry of the log that says so, and is durable.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "audit/read.hpp"
#include "audit/read_request.hpp"
#include "audit/unsealer.hpp"

namespace portcullis::app {

// What all commands that open sealed texts are told.
struct OpenTextsOptions {
  std::filesystem::path keys{};    // the folder of the keys; empty: texts stay sealed
  std::string by{};                // who reads; empty: the name that the operating system has for the user
  std::string purpose{};           // why; may be empty
  std::filesystem::path config{};  // the gate's, for a log that nobody has open
  bool copy = false;               // the log is a copy that nobody writes to: nothing is recorded
  std::uint64_t patience = 60;     // seconds to wait for a gate that has the log open
};

// Reads with the keys, or with none; prints nothing where `prints` is false. Where `as_of` is given, it is
// that of the log as it was then.
using ReadingPass = std::function<base::Result<audit::ReadFacts>(
    audit::Unsealer* keys, std::optional<std::uint64_t> as_of, bool prints)>;

// Without keys one pass, which prints. Else one that only counts what would be opened, the entry, and one
// that opens and prints. Errors as those of the pass, Unsealer::open() and record_reading().
[[nodiscard]] base::Result<audit::ReadFacts> read_recorded(const OpenTextsOptions& options,
                                                           const std::filesystem::path& directory,
                                                           std::optional<std::uint64_t> as_of,
                                                           const ReadingPass& pass);

// Returns when the log has the entry, durable, with its index; nothing where there is nothing to record: no
// text would be opened, or the log is a copy. Who reads, and why, is taken from the options. Any error:
// nothing may be opened.
[[nodiscard]] base::Result<std::optional<std::uint64_t>> record_reading(
    const OpenTextsOptions& options, const std::filesystem::path& directory, const audit::OpenedTexts& opened,
    const std::string& hash = {});

}  // namespace portcullis::app
