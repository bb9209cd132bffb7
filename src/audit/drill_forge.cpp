#include "audit/drill_forge.hpp"

#include <fstream>
#include <system_error>
#include <utility>

#include "audit/chain.hpp"
#include "audit/format.hpp"
#include "audit/line_edit.hpp"
#include "audit/note_file.hpp"
#include "audit/read.hpp"
#include "audit/tree.hpp"

namespace portcullis::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNotesFile = std::size_t{1} << 30;

base::Error cannot(const std::string& what, const fs::path& file) {
  return {.code = base::sqlstate::io_error,
          .message = "cannot " + what + " \"" + file.string() +
                     "\": see that there is room for three times the log"};
}

fs::path notes_of(const fs::path& directory, std::uint64_t first_index) {
  return (directory / segment_name(first_index)).replace_extension(".notes");
}

base::Result<void> write_file(const fs::path& file, std::string_view bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::app);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) return cannot("write", file);
  return {};
}

// The copy, line by line.
class Copy {
 public:
  Copy(fs::path to, const Forgery& forgery) : to_(std::move(to)), forgery_(forgery) {}

  // Of a log that was pruned: what its first entry says of those that are gone.
  void begin(const EntryReader& first) {
    auto tree = Frontier::from(first.index(), first.hashes("frontier"));
    if (tree) tree_ = std::move(*tree);
    leaf_ = claimed_before(first).leaf;
    batch_ = first.batch();
  }

  base::Result<void> begin_segment(std::uint64_t first_index) {
    // Where it is made anew, the name comes with its first entry.
    first_ = first_index;
    if (!forgery_.remade) return open();
    return {};
  }

  // What stands where `entry` stood.
  base::Result<void> replace(const EntryReader& entry, const std::vector<std::string>& lines) {
    if (!forgery_.remade) {
      for (const std::string& line : lines) out_ << line << '\n';
      return {};
    }
    shift_ += static_cast<std::int64_t>(lines.size()) - 1;
    if (lines.empty() || lines.size() > 1) shifts_.emplace_back(entry.index(), shift_);
    // The end of a batch does not go with its last entry.
    if (lines.empty() && entry.ends_batch() && pending_) pending_->ends_batch = true;
    for (const std::string& line : lines) {
      const bool ends_batch = entry.ends_batch() && &line == &lines.back();
      if (const auto done = put(line, ends_batch); !done) return done;
    }
    return {};
  }

  base::Result<void> end_segment() {
    if (pending_) pending_->ends_batch = true;
    if (const auto done = flush(); !done) return done;
    if (out_.is_open()) {
      out_.close();
      if (!out_) return cannot("write", to_);
      if (forgery_.signer != nullptr) return sign();
    }
    return {};
  }

  // Under which number the segment stands that was begun last; nothing where none of its entries was kept.
  [[nodiscard]] std::uint64_t first_index() const { return first_; }

 private:
  struct Pending {
    std::string line;
    bool ends_batch = false;
  };

  base::Result<void> open() {
    out_.open(to_ / segment_name(first_), std::ios::binary | std::ios::trunc);
    if (!out_) return cannot("write", to_ / segment_name(first_));
    return {};
  }

  base::Result<void> put(std::string line, bool ends_batch) {
    if (const auto done = flush(); !done) return done;
    pending_ = Pending{std::move(line), ends_batch};
    return {};
  }

  base::Result<void> flush() {
    if (!pending_) return {};
    const Pending pending = *std::exchange(pending_, std::nullopt);
    const std::string line = stamped(pending);
    if (!out_.is_open()) {
      first_ = tree_.size();
      if (const auto done = open(); !done) return done;
    }
    leaf_ = leaf_hash(line);
    tree_.append(leaf_);
    if (pending.ends_batch) ++batch_;
    out_ << line << '\n';
    return {};
  }

  [[nodiscard]] std::uint64_t renumbered(std::uint64_t index) const {
    std::int64_t shift = 0;
    for (const auto& [from, by] : shifts_) shift = index > from ? by : shift;
    return index + static_cast<std::uint64_t>(shift);
  }

  [[nodiscard]] std::string stamped(const Pending& pending) const {
    EntryReader entry;
    // A line that is no entry any more is what the attack is about.
    if (entry.read(pending.line)) return pending.line;
    LineEdit edit(pending.line);
    edit.set_number("i", tree_.size()).set_number("b", batch_).set_text("prev", to_text(leaf_));
    for (const char* key : {"decision", "statement"}) {
      const auto index = entry.number(key);
      if (index) edit.set_number(key, renumbered(static_cast<std::uint64_t>(*index)));
    }
    if (entry.type() == EntryType::segment) edit.set("frontier", frontier());
    set_key(entry, edit);
    if (!pending.ends_batch) return edit.remove("e").text();
    return sealed(edit.set_text("e", "").text());
  }

  [[nodiscard]] std::string frontier() const {
    std::string array = "[";
    for (const Hash& hash : tree_.hashes()) array += (array.size() > 1 ? ",\"" : "\"") + to_text(hash) + '"';
    return array + ']';
  }

  void set_key(const EntryReader& entry, LineEdit& edit) const {
    if (entry.type() != EntryType::segment && entry.type() != EntryType::open) return;
    if (forgery_.unsign) edit.remove("key");
    // In force from the first start on.
    if (forgery_.signer == nullptr || (entry.type() == EntryType::segment && tree_.size() == 0)) return;
    edit.set_text("key", vkey_text(forgery_.signer->name, forgery_.signer->key.public_key()));
  }

  static std::string sealed(const std::string& line) {
    JsonLine json;
    json.parse(line);
    const std::size_t at = json.find(json.root(), "e")->begin;
    const std::string_view view = line;
    return line.substr(0, at) + batch_seal(view.substr(0, at), view.substr(at)) + line.substr(at);
  }

  base::Result<void> sign() {
    const NamedKey* const keys[] = {forgery_.signer};
    const auto note = signed_note(forgery_.signer->name, {tree_.size(), tree_.root()}, keys);
    if (!note) return note.error();
    return write_file(notes_of(to_, first_), *note + "\n");
  }

  const fs::path to_;
  const Forgery& forgery_;
  std::ofstream out_;
  std::uint64_t first_ = 0;
  std::optional<Pending> pending_;
  Frontier tree_;
  Hash leaf_{};
  std::uint64_t batch_ = 1;
  std::int64_t shift_ = 0;                                        // of the indexes from here on
  std::vector<std::pair<std::uint64_t, std::int64_t>> shifts_{};  // behind which index, by how much
};

// The whole notes of a file, of no more than `up_to` entries; none where there is no file.
base::Result<std::string> read_notes(const fs::path& file, std::uint64_t up_to) {
  std::string kept;
  if (!fs::exists(file)) return kept;
  const auto bytes = read_whole(file, kMaxNotesFile);
  if (!bytes) return bytes.error();
  for (const std::string& note : split_notes(*bytes)) {
    const auto read = read_note(note);
    if (!read || read->size <= up_to) kept += note + "\n";
  }
  return kept;
}

// Entry by entry, segment by segment, with their notes.
class Forger {
 public:
  Forger(fs::path from, fs::path to, const Forgery& forgery)
      : from_(std::move(from)), to_(std::move(to)), forgery_(forgery), copy_(to_, forgery) {}

  base::Result<void> see(const EntryReader& entry) {
    if (!std::exchange(is_begun_, true) && entry.index() > 0) copy_.begin(entry);
    if (entry.type() == EntryType::segment) {
      if (const auto begun = begin_segment(entry.index()); !begun) return begun;
    }
    if (is_rekeyed() && entry.type() == EntryType::key) return copy_.replace(entry, {});
    if (forgery_.edit) return copy_.replace(entry, forgery_.edit(entry));
    return copy_.replace(entry, {std::string(entry.line())});
  }

  base::Result<void> end_segment() {
    if (const auto ended = copy_.end_segment(); !ended || notes_.empty()) return ended;
    return write_file(notes_of(to_, copy_.first_index()), std::exchange(notes_, {}));
  }

 private:
  [[nodiscard]] bool is_rekeyed() const { return forgery_.signer != nullptr || forgery_.unsign; }

  base::Result<void> begin_segment(std::uint64_t first_index) {
    if (const auto ended = end_segment(); !ended) return ended;
    if (!is_rekeyed()) {
      // Before the entries: where the gate goes on writing, notes that come meanwhile speak of entries that
      // are not copied.
      auto notes = read_notes(notes_of(from_, first_index), forgery_.notes_up_to);
      if (!notes) return notes.error();
      notes_ = std::move(*notes);
    }
    return copy_.begin_segment(first_index);
  }

  const fs::path from_, to_;
  const Forgery& forgery_;
  Copy copy_;
  std::string notes_;  // of the segment that is being copied
  bool is_begun_ = false;
};

}  // namespace

base::Result<void> forge(const fs::path& from, const fs::path& to, const Forgery& forgery) {
  std::error_code failed;
  fs::create_directory(to, failed);
  if (failed) return cannot("make", to);
  Forger forger(from, to, forgery);
  EntryFilter wanted;
  wanted.to = forgery.cut_at - 1;
  base::Result<void> done;
  const auto read = for_each_entry(from, wanted, [&](const EntryReader& entry) {
    done = forger.see(entry);
    return done.has_value();
  });
  if (!read) return read.error();
  return done ? forger.end_segment() : done;
}

}  // namespace portcullis::audit
