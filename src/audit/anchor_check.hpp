// What was kept of a log elsewhere, against the log: docs/audit-format.md, (`anchor`) of "What must hold of
// signatures".
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/key_history.hpp"
#include "audit/leaf_run.hpp"
#include "audit/note_check.hpp"
#include "audit/note_read.hpp"

namespace portcullis::audit {

// Reads the files at once, before the entries are listed: a log that is being written to then has all that
// they speak of. Of each note it keeps some hundred bytes.
class AnchorCheck {
 public:
  explicit AnchorCheck(const std::vector<std::filesystem::path>& files);

  // The entries below `first` are gone: notes of no more than these say nothing. Before the first see().
  void begin(std::uint64_t first);
  // To be called behind every entry: the tree is of all entries so far, which the keys have seen.
  void see(LogTree& tree, const KeyHistory& keys);
  // The log has so many entries in whole batches, and this name. One finding a file at most.
  void conclude(std::uint64_t entries, std::string_view name, const PlacedReport& report);
  // The largest size of a note that holds; after conclude().
  [[nodiscard]] std::uint64_t anchored() const noexcept { return anchored_; }

 private:
  enum class Verdict : std::uint8_t { none, holds, not_signed, other_root };
  struct Anchor {
    std::size_t file = 0;
    std::uint64_t line = 0, size = 0;
    Hash root{};
    std::shared_ptr<const std::string> origin;  // one for all that have the same
    std::vector<NoteSignature> signatures;      // those that claim to be by a key of that name
    Verdict verdict = Verdict::none;
  };
  // What there is to say of a file, the worst so far.
  struct File {
    std::filesystem::path path;
    bool has_note = false;
    std::optional<VerifyResult> severity{};
    std::string message{};
    std::uint64_t line = 0;
  };

  void read(std::size_t file);
  void keep(std::size_t file, Note note, std::uint64_t line);
  [[nodiscard]] static Verdict judge(const Anchor& anchor, LogTree& tree, const KeyHistory& keys);
  void conclude(const Anchor& anchor, std::uint64_t entries, std::string_view name);
  static void blame(File& file, VerifyResult severity, std::uint64_t line, std::string message);

  std::vector<File> files_;
  std::vector<Anchor> anchors_;  // by size
  std::shared_ptr<const std::string> origin_;
  std::size_t next_ = 0;  // of anchors_, to be met
  std::uint64_t anchored_ = 0;
};

}  // namespace portcullis::audit
