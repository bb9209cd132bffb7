// `portcullis audit check-export`: whether a file is what its manifest says, and all that the log has to say.
#include <optional>

#include "app/audit_command.hpp"
#include "app/audit_export.hpp"
#include "app/opened_entry.hpp"
#include "app/progress.hpp"
#include "app/text_table.hpp"
#include "app/version.hpp"
#include "audit/line_scanner.hpp"
#include "audit/note_file.hpp"
#include "audit/sha256_stream.hpp"

namespace portcullis::app {
namespace {

constexpr int kHolds = 0, kDoesNotHold = 1, kCannotBeChecked = 2;
constexpr std::size_t kMostManifest = std::size_t{1} << 20, kPiece = std::size_t{256} << 10;

int say(Console& console, int code, const std::string& message) {
  (code == kCannotBeChecked ? console.err << "portcullis: " : console.out) << printable(message) << "\n";
  return code;
}

struct FileFacts {
  std::uint64_t bytes = 0, lines = 0;
  std::string sha256;
  bool is_whole = true;  // it ends with a line feed, or is empty
};

base::Result<FileFacts> look_at(const audit::OpenedFile& file) {
  audit::Sha256Stream hash;
  FileFacts facts;
  std::string piece(kPiece, '\0');
  for (;;) {
    const auto got = file.read(hash.bytes(), piece.data(), piece.size());
    if (!got) return got.error();
    if (*got == 0) break;
    hash.add(std::string_view(piece).substr(0, *got));
    facts.is_whole = piece[*got - 1] == '\n';
  }
  facts.bytes = hash.bytes();
  facts.sha256 = audit::to_hex(hash.hash());
  return facts;
}

// Of jsonl, the entries themselves are in the file: their leaf hashes need no log.
base::Result<std::optional<std::string>> wrong_in_lines(const audit::OpenedFile& file,
                                                        const Manifest& manifest) {
  audit::LineScanner lines(file.read);
  audit::RangeTree tree(0);
  for (;;) {
    const auto line = lines.next();
    if (!line) return line.error();
    if (!*line) break;
    const auto text = (*line)->text;
    if ((*line)->too_long && manifest.question.opened) {
      return base::Error{
          base::sqlstate::io_error,
          "line " + std::to_string((*line)->number) +
              " is longer with its texts than entries may be: check the same export without them"};
    }
    tree.append(audit::leaf_hash(manifest.question.opened ? line_in_log(text) : std::string(text)));
  }
  if (tree.end() != manifest.records || tree.end() != manifest.leaves)
    return std::optional<std::string>{"it has " + std::to_string(tree.end()) +
                                      " entries, and its manifest says " + std::to_string(manifest.records)};
  if (audit::to_hex(*tree.root()) != manifest.list_root)
    return std::optional<std::string>{"the root of its entries is not the manifest's"};
  return std::optional<std::string>{};
}

std::string other_tool(const Manifest& manifest) {
  if (manifest.tool == "portcullis " + std::string(version())) return {};
  return "; it was written by " + manifest.tool + ", which may have written the same in another way";
}

// Asks the log the same again. What is opened for it goes nowhere, and is not recorded, as with verify.
base::Result<ExportSummary> export_again(const CheckExportOptions& options, const Manifest& manifest,
                                         Console& console) {
  std::optional<audit::Unsealer> keys;
  if (manifest.question.opened && !options.sealing_keys.empty()) {
    auto opened = audit::Unsealer::open(options.sealing_keys);
    if (!opened) return base::Error{base::sqlstate::io_error, opened.error().message};
    keys = std::move(*opened);
  }
  Progress progress(console, "reading");
  ExportQuestion question = manifest.question;
  question.options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); };
  return make_export(*options.log, question, keys ? &*keys : nullptr, [](std::string_view) { return true; });
}

int check_against_log(const CheckExportOptions& options, const Manifest& manifest, Console& console) {
  const auto again = export_again(options, manifest, console);
  if (!again && again.error().code == base::sqlstate::invalid_parameter_value)
    return say(console, kDoesNotHold, "does not hold: " + again.error().message);
  if (!again) return say(console, kCannotBeChecked, again.error().message);
  if (again->evidence.facts.is_empty) return say(console, kCannotBeChecked, "the log has no entry");
  if (again->evidence.origin != manifest.origin)
    return say(
        console, kCannotBeChecked,
        "it is of the log \"" + manifest.origin + "\", and this is \"" + again->evidence.origin + "\"");
  if (again->records != manifest.records || again->evidence.list_root != manifest.list_root)
    return say(console, kDoesNotHold,
               "does not hold: the log answers with " + std::to_string(again->records) + " records, root " +
                   again->evidence.list_root + ", the export has " + std::to_string(manifest.records) +
                   ", root " + manifest.list_root);
  if (manifest.question.opened && options.sealing_keys.empty())
    return say(console, kCannotBeChecked,
               "the log answers with the same entries; whether the texts that were opened are its own takes "
               "--sealing-keys with the folder of its keys");
  if (again->sha256 != manifest.sha256)
    return say(
        console, kDoesNotHold,
        "does not hold: the log's entries are the same, and the file made of them is another one" +
            std::string(manifest.question.opened ? ", since texts were changed, or erased meanwhile" : "") +
            other_tool(manifest));
  return say(
      console, kHolds,
      "complete: the log answers the same question with the same bytes. That the log itself is what was "
      "written says portcullis audit verify");
}

}  // namespace

int check_audit_export(const CheckExportOptions& options, Console& console) {
  const auto text = audit::read_whole(manifest_file(options.file), kMostManifest);
  if (!text) return say(console, kCannotBeChecked, text.error().message);
  const auto manifest = read_manifest(*text);
  if (!manifest)
    return say(console, kCannotBeChecked,
               "\"" + manifest_file(options.file).string() + "\": " + manifest.error().message);
  const auto file = audit::open_to_read(options.file.string(), audit::Links::follow);
  if (!file) return say(console, kCannotBeChecked, file.error().message);
  const auto facts = look_at(*file);
  if (!facts) return say(console, kCannotBeChecked, facts.error().message);
  if (facts->bytes != manifest->bytes)
    return say(console, kDoesNotHold,
               "does not hold: the file has " + std::to_string(facts->bytes) +
                   " bytes, and its manifest says " + std::to_string(manifest->bytes));
  if (facts->sha256 != manifest->sha256)
    return say(console, kDoesNotHold,
               "does not hold: the file's SHA-256 is " + facts->sha256 + ", and its manifest says " +
                   manifest->sha256);
  if (manifest->question.format == ExportFormat::jsonl) {
    const auto wrong = wrong_in_lines(*file, *manifest);
    if (!wrong) return say(console, kCannotBeChecked, wrong.error().message);
    if (*wrong) return say(console, kDoesNotHold, "does not hold: " + **wrong);
  }
  console.out << "the file is what its manifest says: " << manifest->records << " records of "
              << printable(manifest->origin) << ", SHA-256 " << manifest->sha256 << "\n";
  if (options.log) return check_against_log(options, *manifest, console);
  console.out << "not checked: that it is all that the log has, which takes --log with the log's folder\n";
  return kHolds;
}

}  // namespace portcullis::app
