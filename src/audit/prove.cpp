#include "audit/prove.hpp"

#include "audit/log_leaves.hpp"
#include "audit/note_file.hpp"
#include "audit/proof_check.hpp"
#include "audit/proof_file.hpp"
#include "audit/proof_verdict.hpp"

namespace portcullis::audit {
namespace {

base::Error refuse(std::string message) {
  return {.code = base::sqlstate::invalid_parameter_value, .message = std::move(message)};
}

base::Error not_as_signed(const std::filesystem::path& directory, const std::string& what) {
  return {.code = base::sqlstate::io_error,
          .message = "the log \"" + directory.string() + "\" " + what +
                     ", so nothing can be proven of it: run portcullis audit verify"};
}

base::Result<StoredNote> need_note(const std::filesystem::path& directory) {
  auto note = newest_note(directory);
  if (!note) return note.error();
  if (*note) return std::move(**note);
  return refuse("nobody has signed the log \"" + directory.string() +
                "\": there is no note in it, so nothing can be proven of it. Give its gate a key");
}

// Why there is no proof of an entry behind the newest note.
base::Error not_covered(const LogLeaves& leaves, std::uint64_t index, std::uint64_t size) {
  const auto line = leaves.line_of(index);
  if (!line) return line.error();
  const std::string entry = "entry " + std::to_string(index);
  if (!*line) return refuse("there is no " + entry + ": the log ends before it");
  return refuse("no note covers " + entry + " yet, the newest only those below " + std::to_string(size) +
                ": try again when the gate has signed the next one");
}

}  // namespace

base::Result<std::string> prove_inclusion(const std::filesystem::path& directory, std::uint64_t index) {
  auto leaves = LogLeaves::open(directory);
  if (!leaves) return leaves.error();
  const auto stored = need_note(directory);
  if (!stored) return stored.error();
  const Note& note = stored->note;
  if (index >= note.size) return not_covered(*leaves, index, note.size);
  if (const auto first = leaves->first(); index < first) {
    return refuse("entry " + std::to_string(index) + " is gone, and the log begins with entry " +
                  std::to_string(first) +
                  ": a proof that was made before still holds, and no new one can be made. Whether it was "
                  "ordered to be pruned is not looked at here: run portcullis audit verify");
  }
  const auto line = leaves->line_of(index);
  if (!line) return line.error();
  if (!*line)
    return not_as_signed(directory, "has no entry " + std::to_string(index) + ", which its note covers");
  auto path = inclusion_path(*leaves, index, note.size);
  if (!path) return path.error();
  if (!includes(leaf_hash(**line), index, note.size, note.root, *path)) {
    return not_as_signed(directory, "is not the one that its newest note was signed for");
  }
  const InclusionProof proof{**line, index, std::move(*path), stored->bytes};
  std::int64_t micros = 0;
  if (const auto wrong = wrong_in_entry(proof, note.origin, micros)) {
    return not_as_signed(directory, "is not its newest note's: " + *wrong);
  }
  return to_text(proof);
}

base::Result<std::string> prove_consistency(const std::filesystem::path& directory,
                                            const std::filesystem::path& old_note) {
  auto leaves = LogLeaves::open(directory);
  if (!leaves) return leaves.error();
  const auto old = read_note_file(old_note);
  if (!old) return old.error();
  const auto stored = need_note(directory);
  if (!stored) return stored.error();
  const Note& note = stored->note;
  if (old->note.origin != note.origin) {
    return refuse("\"" + old_note.string() + "\" is a note of the log \"" + old->note.origin +
                  "\", not of \"" + note.origin + "\": give one of this log");
  }
  if (old->note.size > note.size) {
    return refuse("\"" + old_note.string() + "\" covers " + std::to_string(old->note.size) +
                  " entries, the log's newest note " + std::to_string(note.size) +
                  ": give an older one; if there is none, the log was cut: run portcullis audit verify");
  }
  if (const auto first = leaves->first(); old->note.size > 0 && old->note.size < first) {
    return refuse("\"" + old_note.string() + "\" covers " + std::to_string(old->note.size) +
                  " entries, and the log begins with entry " + std::to_string(first) +
                  " since the others were pruned: give a note of at least as many entries");
  }
  auto path = consistency_path(*leaves, old->note.size, note.size);
  if (!path) return path.error();
  if (!extends(old->note.size, old->note.root, note.size, note.root, *path)) {
    return not_as_signed(directory, "does not begin with what \"" + old_note.string() +
                                        "\" was signed for, or is not what its newest note was");
  }
  return to_text(ConsistencyProof{old->note.size, std::move(*path), stored->bytes});
}

}  // namespace portcullis::audit
