// A log in a directory, with keys, segments and notes as docs/audit-format.md has them.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "audit/format.hpp"
#include "audit/note_write.hpp"
#include "tests/unit/audit/signing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit::testing {

class LogOnDisk {
 public:
  explicit LogOnDisk(std::filesystem::path directory, const std::string& origin = kOrigin)
      : directory_(std::move(directory)), forger_(origin), key_(portcullis::testing::named_key(1, origin)) {
    add(segment_draft(forger_.context(), "b0"), false);
    add(open_draft(forger_.context(), "b0", "1", kHeartbeat, vkey()));
  }

  [[nodiscard]] std::string vkey() const { return vkey_text(key_.name, key_.key.public_key()); }
  [[nodiscard]] std::uint64_t size() const { return lines_.size(); }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] const NamedKey& key() const { return key_; }
  Forger& forger() { return forger_; }

  void add(const Draft& draft, bool ends_batch = true) {
    const auto begin = forger_.bytes().size();
    forger_.micros += 1'000;
    forger_.add(draft, ends_batch);
    const std::string line = forger_.bytes().substr(begin, forger_.bytes().size() - begin - 1);
    tree_.append(leaf_hash(line));
    roots_.push_back(tree_.root());
    lines_.push_back(line);
  }
  void add(const Record& record) { add(*make_draft(record, forger_.context())); }
  // So many decisions, with their outcomes, of one agent; two entries each.
  void decide(int count) {
    for (int i = 0; i < count; ++i) {
      const auto index = size();
      add(decision("SELECT " + std::to_string(i)));
      add(outcome(index));
    }
  }
  // The note at some size up to this one, as it stands in a file.
  [[nodiscard]] std::string note_at(std::uint64_t size) const {
    const NamedKey* const keys[] = {&key_};
    return signed_note(key_.name, {size, size == 0 ? empty_root() : roots_.at(size - 1)}, keys).value();
  }
  void sign() { notes_ += note_at(size()) + "\n"; }
  // Ends the segment with a note, and begins the next.
  void rotate() {
    sign();
    save();
    first_index_ = size();
    notes_.clear();
    forger_.begin_segment();
    add(segment_draft(forger_.context(), "b0", vkey()), false);
    add(heartbeat_draft(forger_.context()));
  }
  void save() const {
    forger_.save(directory_, first_index_);
    if (!notes_.empty()) write_bytes(notes_file(), notes_);
  }
  // Of the last segment.
  [[nodiscard]] std::filesystem::path notes_file() const {
    return directory_ / (std::filesystem::path(segment_name(first_index_)).stem().string() + ".notes");
  }

 private:
  std::filesystem::path directory_;
  Forger forger_;
  NamedKey key_;
  Frontier tree_;
  std::vector<Hash> roots_;  // at size 1, 2, ...
  std::vector<std::string> lines_;
  std::string notes_;
  std::uint64_t first_index_ = 0;
};

}  // namespace portcullis::audit::testing
