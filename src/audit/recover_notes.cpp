#include "audit/recover_notes.hpp"

#include <algorithm>
#include <utility>

#include "audit/format.hpp"
#include "audit/line_scanner.hpp"
#include "audit/segment.hpp"

namespace portcullis::audit {
namespace {

ReadBytes reader_of(SegmentFile& file) {
  return
      [&file](std::uint64_t offset, char* into, std::size_t count) { return file.read(offset, into, count); };
}

base::Result<NotesTail> tail_of(SegmentFile& file) {
  const auto size = file.size();
  if (!size) return size.error();
  return read_notes_tail(reader_of(file), *size);
}

}  // namespace

base::Error RecoveredNotes::damage(std::uint64_t number, const std::string& what) const {
  return {base::sqlstate::io_error, "the audit log \"" + needs_.directory +
                                        "\" is damaged: " + notes_name(number) + ": " + what +
                                        ": run portcullis audit verify, and keep the files as evidence"};
}

base::Error RecoveredNotes::behind(const std::string& what, std::uint64_t size, std::uint64_t found) const {
  const std::string how = found < size ? "has only " + std::to_string(found)
                                       : "is another one: their root is not the root of its entries";
  return {base::sqlstate::io_error,
          "the audit log \"" + needs_.directory + "\" was cut, or is not the one that was written: " + what +
              " speaks of " + std::to_string(size) + " entries, and the log " + how +
              ": put the right files back, or keep these as evidence and give the gate another directory"};
}

base::Result<void> RecoveredNotes::read(const std::vector<std::uint64_t>& segments,
                                        const std::vector<std::uint64_t>& notes) {
  segments_ = segments;
  notes_ = notes;
  // What pruning left of a segment that is gone; whether it may be gone is asked elsewhere.
  const std::uint64_t begin = segments.empty() ? 0 : segments.front();
  std::erase_if(notes_, [begin](std::uint64_t first) { return first < begin; });
  for (const std::uint64_t first : notes_) {
    if (!std::binary_search(segments.begin(), segments.end(), first))
      return damage(first, "there is no segment of this number");
  }
  for (auto first = notes_.rbegin(); first != notes_.rend() && !newest_; ++first) {
    const auto file = storage_.open(notes_name(*first));
    if (!file) return file.error();
    auto tail = tail_of(**file);
    if (!tail) return damage(*first, tail.error().message);
    newest_in_ = *first;
    newest_ = std::move(tail->note);
  }
  if (newest_) watched_.emplace(newest_->size, std::nullopt);
  for (const KnownHead& head : needs_.known) watched_.emplace(head.size, std::nullopt);
  return {};
}

void RecoveredNotes::begin_segment() {
  first_key_.clear();
  changes_.clear();
  for (auto& [size, root] : watched_) root.reset();
}

void RecoveredNotes::watch(const Frontier& tree) {
  const auto watched = watched_.find(tree.size());
  if (watched != watched_.end()) watched->second = tree.root();
}

void RecoveredNotes::see(const EntryReader& entry, const Frontier& tree) {
  watch(tree);
  if (entry.type() == EntryType::segment) first_key_ = entry.text("key");
  if (entry.type() == EntryType::open) changes_.push_back({entry.index(), entry.text("key"), {}});
  if (entry.type() == EntryType::key)
    changes_.push_back({entry.index(), entry.text("new"), entry.text("old")});
}

std::string RecoveredNotes::key_at(std::uint64_t size) const {
  std::string key = first_key_;
  for (const Change& change : changes_) {
    if (change.index < size) key = change.key;
  }
  return key;
}

base::Result<void> RecoveredNotes::judge(Recovered& found, std::optional<std::uint64_t> unborn) {
  const std::uint64_t size = found.state.next_index;
  std::erase_if(changes_, [size](const Change& change) { return change.index >= size; });
  watch(found.tree);
  if (unborn && newest_ && newest_in_ == *unborn)
    return behind("a checkpoint in " + notes_name(*unborn), newest_->size, *unborn);
  if (auto checked = check_newest(found); !checked) return checked;
  if (auto checked = check_known(found); !checked) return checked;
  found.key = key_at(size);
  found.signed_size = newest_ ? newest_->size : 0;
  for (const Change& change : changes_) {
    if (change.index >= found.signed_size && !change.old.empty()) found.previous_key = change.old;
  }
  return {};
}

base::Result<void> RecoveredNotes::check_newest(const Recovered& found) {
  const bool is_here = newest_ && newest_in_ == found.segment;
  if (!first_key_.empty() && !is_here && (!newest_ || newest_->size != found.segment))
    return damage(found.segment, "the checkpoint of all entries before this segment is gone");
  if (!newest_) return {};
  if (newest_->size > found.state.next_index)
    return behind("its newest checkpoint", newest_->size, found.state.next_index);
  if (newest_->size < found.segment || (is_here && newest_->size == found.segment))
    return damage(newest_in_, "its last checkpoint is of entries that stand elsewhere");
  const auto key = read_vkey(key_at(newest_->size));
  if (newest_->origin != needs_.origin || !key || key->name != needs_.origin ||
      is_signed(*newest_, *key) != Signed::by_key)
    return damage(newest_in_, "its last checkpoint is not signed by the log's key");
  const auto root = root_at(newest_->size);
  if (!root) return root.error();
  if (*root != newest_->root) return behind("its newest checkpoint", newest_->size, found.state.next_index);
  return {};
}

base::Result<void> RecoveredNotes::check_known(const Recovered& found) {
  for (const KnownHead& head : needs_.known) {
    if (head.size > found.state.next_index) return behind(head.name, head.size, found.state.next_index);
    // Of entries that were pruned nothing can be compared any more.
    if (!segments_.empty() && segments_.front() > 0 && head.size <= segments_.front()) continue;
    const auto root = root_at(head.size);
    if (!root) return root.error();
    if (*root != head.root) return behind(head.name, head.size, found.state.next_index);
  }
  return {};
}

// From the last segment where it was read; else from the one that has the entries up to there.
base::Result<Hash> RecoveredNotes::root_at(std::uint64_t size) {
  if (const auto& seen = watched_.at(size)) return *seen;
  if (size == 0) return empty_root();
  const std::uint64_t segment = *std::prev(std::lower_bound(segments_.begin(), segments_.end(), size));
  const auto file = storage_.open(segment_name(segment));
  if (!file) return file.error();
  LineScanner lines(reader_of(**file));
  Frontier tree;
  EntryReader first;
  while (tree.size() < size) {
    const auto line = lines.next();
    if (!line) return line.error();
    const std::string_view text = *line ? std::string_view((*line)->text) : std::string_view();
    if (text.empty()) return damage(segment, "the segment has fewer entries than the next one says");
    if ((*line)->number == 1) {
      const auto bad = first.read(text);
      auto begun = bad ? std::nullopt : Frontier::from(segment, first.hashes("frontier"));
      if (!begun) return damage(segment, "the segment does not begin with its entry");
      tree = std::move(*begun);
    }
    tree.append(leaf_hash(text));
  }
  return tree.root();
}

base::Result<void> RecoveredNotes::remove_of(std::uint64_t unborn) {
  const auto there = std::find(notes_.begin(), notes_.end(), unborn);
  if (there == notes_.end()) return {};
  if (auto removed = storage_.remove(notes_name(unborn)); !removed) return removed;
  notes_.erase(there);
  return storage_.sync_directory();
}

base::Result<void> RecoveredNotes::clear(Recovered& found) {
  if (!std::binary_search(notes_.begin(), notes_.end(), found.segment)) return {};
  auto file = storage_.open(notes_name(found.segment));
  if (!file) return file.error();
  const auto tail = tail_of(**file);
  if (!tail) return damage(found.segment, tail.error().message);
  if (auto cut = (*file)->truncate(tail->end); !cut) return cut;
  // Like the last batch, it may be in the kernel's memory only.
  if (auto rewritten = rewrite(**file, tail->begin, tail->end); !rewritten) return rewritten;
  if (auto synced = (*file)->sync(); !synced) return synced;
  found.notes = std::move(*file);
  found.notes_end = tail->end;
  return {};
}

}  // namespace portcullis::audit
