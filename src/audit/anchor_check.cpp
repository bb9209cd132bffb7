#include "audit/anchor_check.hpp"

#include <algorithm>
#include <utility>

#include "audit/anchor_notes.hpp"
#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

std::string said(std::uint64_t number) {
  return std::to_string(number);
}

// As read_note() took it: what is signed is made of these three alone.
std::string signed_text(const std::string& origin, std::uint64_t size, const Hash& root) {
  const std::string_view bytes(reinterpret_cast<const char*>(root.data()), root.size());
  return origin + "\n" + said(size) + "\n" + base::to_base64(bytes) + "\n";
}

}  // namespace

AnchorCheck::AnchorCheck(const std::vector<std::filesystem::path>& files) {
  for (const auto& path : files) {
    files_.push_back({.path = path});
    read(files_.size() - 1);
  }
  std::stable_sort(anchors_.begin(), anchors_.end(),
                   [](const Anchor& a, const Anchor& b) { return a.size < b.size; });
}

void AnchorCheck::read(std::size_t file) {
  const auto done = read_anchor_file(
      files_[file].path, [&](Note note, std::uint64_t line) { keep(file, std::move(note), line); });
  if (!done) {
    blame(files_[file], VerifyResult::incomplete, 0, "the anchor cannot be read: " + done.error().message);
  } else if (!files_[file].has_note) {
    blame(files_[file], VerifyResult::incomplete, 0,
          "the anchor holds no signed checkpoint of any entry: give a file that holds one, as the log wrote "
          "it");
  }
}

void AnchorCheck::keep(std::size_t file, Note note, std::uint64_t line) {
  if (note.size == 0) return;
  files_[file].has_note = true;
  if (!origin_ || *origin_ != note.origin) origin_ = std::make_shared<const std::string>(note.origin);
  std::erase_if(note.signatures, [&](const NoteSignature& one) { return one.name != note.origin; });
  anchors_.push_back({file, line, note.size, note.root, origin_, std::move(note.signatures)});
}

void AnchorCheck::begin(std::uint64_t first) {
  std::erase_if(anchors_, [first](const Anchor& anchor) { return anchor.size <= first; });
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const bool has_note =
        std::any_of(anchors_.begin(), anchors_.end(), [i](const Anchor& anchor) { return anchor.file == i; });
    if (!files_[i].has_note || has_note) continue;
    blame(files_[i], VerifyResult::incomplete, 0,
          "the anchor speaks of entries alone that were pruned: give one that holds a newer checkpoint");
  }
}

void AnchorCheck::see(LogTree& tree, const KeyHistory& keys) {
  for (; next_ < anchors_.size() && anchors_[next_].size <= tree.end(); ++next_)
    anchors_[next_].verdict = judge(anchors_[next_], tree, keys);
}

AnchorCheck::Verdict AnchorCheck::judge(const Anchor& anchor, LogTree& tree, const KeyHistory& keys) {
  const auto* key = keys.in_force();
  const Note note{*anchor.origin, anchor.size, anchor.root,
                  signed_text(*anchor.origin, anchor.size, anchor.root), anchor.signatures};
  if (key == nullptr || is_signed(note, key->key) != Signed::by_key) return Verdict::not_signed;
  return anchor.root == tree.root() ? Verdict::holds : Verdict::other_root;
}

void AnchorCheck::conclude(std::uint64_t entries, std::string_view name, const PlacedReport& report) {
  for (const Anchor& anchor : anchors_) conclude(anchor, entries, name);
  for (File& file : files_) {
    if (file.severity)
      report(*file.severity, "anchor", std::move(file.message), {file.path.string(), file.line});
  }
  if (!files_.empty()) return;
  report(
      VerifyResult::incomplete, "no anchor",
      "nothing shows that the log was not cut short, or that it is the one that was signed at the time: "
      "keep its signed checkpoints where the gate's machine cannot change them, and give them with --anchor",
      {});
}

void AnchorCheck::conclude(const Anchor& anchor, std::uint64_t entries, std::string_view name) {
  File& file = files_[anchor.file];
  const std::string note = "the note of size " + said(anchor.size);
  if (*anchor.origin != name) {
    blame(file, VerifyResult::incomplete, anchor.line,
          note + " is of \"" + *anchor.origin + "\", and this log is \"" + std::string(name) +
              "\": give the anchors of this log");
  } else if (anchor.size > entries) {
    blame(file, VerifyResult::tampered, anchor.line,
          note + " speaks of more than the " + said(entries) +
              " entries that there are: the log was cut short, or put back to an older state");
  } else if (anchor.verdict == Verdict::other_root) {
    blame(file, VerifyResult::tampered, anchor.line,
          note + " was signed over other entries: its root is " + to_hex(anchor.root));
  } else if (anchor.verdict != Verdict::holds) {
    blame(file, VerifyResult::incomplete, anchor.line,
          note +
              " is not signed by the key that is in force there: give an anchor as the log wrote it, or ask "
              "how this one came about");
  } else {
    anchored_ = std::max(anchored_, anchor.size);
  }
}

void AnchorCheck::blame(File& file, VerifyResult severity, std::uint64_t line, std::string message) {
  if (file.severity && (*file.severity == severity || *file.severity == VerifyResult::tampered)) return;
  file.severity = severity;
  file.line = line;
  file.message = std::move(message);
}

}  // namespace portcullis::audit
