// A part of the audit log as a file of its own, with a manifest beside it by which anybody can check it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "app/audit_evidence.hpp"
#include "app/audit_filter.hpp"

namespace portcullis::app {

enum class ExportFormat : std::uint8_t {
  jsonl,  // entries as they stand in the log, and the outcomes of the decisions among them
  csv,    // one record a statement
};

struct ExportSummary {
  Evidence evidence;
  std::uint64_t records = 0;  // lines of jsonl, records of csv without the one of names
  std::uint64_t bytes = 0;
  std::string sha256;  // of the file, hex
};

// What of the log goes into an export.
struct ExportQuestion {
  ExportFormat format = ExportFormat::jsonl;
  audit::ReadOptions options{};
  bool opened = false;  // texts that are sealed stand there opened
};

// Gives the file's bytes to `write`, in pieces, until it returns false (then 58030), and says what they are.
// The same log, question, `as_of` and keys give the same bytes. Without keys, what is sealed is left so.
[[nodiscard]] base::Result<ExportSummary> make_export(const std::filesystem::path& directory,
                                                      const ExportQuestion& question, audit::Unsealer* keys,
                                                      const std::function<bool(std::string_view)>& write);

// The manifest: JSON, indented, with a line feed at its end.
[[nodiscard]] std::string manifest_text(const ExportSummary& summary, ExportFormat format,
                                        const std::filesystem::path& file);

// What a manifest claims.
struct Manifest {
  std::string tool, origin, sha256, query, list_root;
  std::uint64_t bytes = 0, records = 0, leaves = 0;
  ExportQuestion question{};  // with `as_of`
};
// 22023 for anything but a manifest of this version, saying what is wrong.
[[nodiscard]] base::Result<Manifest> read_manifest(const std::string& text);

[[nodiscard]] std::filesystem::path manifest_file(const std::filesystem::path& file);  // FILE.manifest.json

}  // namespace portcullis::app
