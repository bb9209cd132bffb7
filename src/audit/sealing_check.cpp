#include "audit/sealing_check.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "audit/chain.hpp"
#include "audit/directory_listing.hpp"
#include "audit/format.hpp"
#include "audit/line_scanner.hpp"
#include "audit/order_rules.hpp"
#include "audit/sealing_crypto.hpp"
#include "audit/sealing_file.hpp"
#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kMostKept = 4;  // files of keys in memory: entries stand nearly in the order of epochs

// The files of keys, of which owner and mode are not asked: whoever verifies may have a copy.
class KeyFiles {
 public:
  struct Trouble {
    std::string file, message;
  };

  // Reads each once, so that what is wrong is known, and what was there before the log is read again.
  KeyFiles(const std::filesystem::path& folder, std::string_view name) : folder_(folder), name_(name) {
    std::error_code failed;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed))
      names.push_back(at->path().filename().string());
    if (failed) {
      is_unlisted_ = true;
      note(folder.string(), "the folder cannot be read, " + failed.message());
      return;
    }
    std::sort(names.begin(), names.end());
    for (const auto& file : names) {
      if (file.ends_with(kSealingSuffix)) look_at(file);
    }
  }

  [[nodiscard]] const std::optional<Trouble>& trouble() const noexcept { return trouble_; }
  // What cannot be read counts as open.
  [[nodiscard]] bool is_unknown(std::uint64_t epoch) const {
    return is_unlisted_ || unknown_.contains(epoch);
  }
  // Of a field's slot, as its file is now; nothing where it was erased.
  [[nodiscard]] std::optional<SecretKey> key_of(std::uint64_t epoch, SealClass kind, std::uint64_t slot) {
    if (!known_.contains(epoch)) return std::nullopt;
    const auto* keys = keys_of(epoch);
    return keys == nullptr ? std::nullopt : keys->of(kind).key_of(slot);
  }

 private:
  void note(std::string file, std::string message) {
    if (!trouble_) trouble_ = {std::move(file), std::move(message)};
  }

  void look_at(const std::string& file) {
    const auto epoch = sealing_epoch(file);
    auto keys = read(file);
    std::string wrong = keys ? std::string() : keys.error().message;
    if (keys && (!epoch || keys->epoch != *epoch)) wrong = "is not called by its epoch, in 20 digits";
    if (keys && keys->origin != name_) wrong = "has the keys of the log \"" + keys->origin + "\"";
    if (wrong.empty()) {
      known_.insert(*epoch);
      return;
    }
    if (epoch) unknown_.insert(*epoch);
    note(file, wrong + ": take it from a copy, or out of the folder if it is none of this log's");
  }

  [[nodiscard]] base::Result<SealingKeys> read(const std::string& file) const {
    const auto opened = open_to_read((folder_ / file).string(), Links::refuse);
    if (!opened) return opened.error();
    if (opened->bytes > kLargestSealingFile)
      return base::Error{base::sqlstate::io_error, "is larger than any file of keys"};
    std::string bytes(static_cast<std::size_t>(opened->bytes), '\0');
    const auto got = opened->read(0, bytes.data(), bytes.size());
    if (!got) return got.error();
    bytes.resize(*got);
    const base::Secret secret(std::move(bytes));
    auto keys = read_sealing_text(secret.reveal());
    if (!keys) return base::Error{keys.error().code, "is no file of keys, " + keys.error().message};
    return keys;
  }

  // Once it was in order, one that is not any more was erased from meanwhile: what it has now counts.
  [[nodiscard]] const SealingKeys* keys_of(std::uint64_t epoch) {
    const auto kept =
        std::find_if(read_.begin(), read_.end(), [&](const auto& one) { return one.first == epoch; });
    if (kept != read_.end()) {
      read_.splice(read_.begin(), read_, kept);
    } else {
      read_.emplace_front(epoch, read(sealing_name(epoch)));
      if (read_.size() > kMostKept) read_.pop_back();
    }
    return read_.front().second ? &*read_.front().second : nullptr;
  }

  const std::filesystem::path folder_;
  const std::string name_;
  std::optional<Trouble> trouble_;
  bool is_unlisted_ = false;
  std::set<std::uint64_t> known_, unknown_;
  std::list<std::pair<std::uint64_t, base::Result<SealingKeys>>> read_;
};

bool holds(const SecretKey& key, const SealedPlace& place, const EntryReader::SealedFields::Field& field) {
  const auto box = base::from_base64(field.box);
  const auto value = box ? open_box(box_key(key, field.name), place, field.name, *box) : std::nullopt;
  return value && to_text(commitment_of(salt_of(key, field.name), field.name, *value)) == field.commitment;
}

// Some entries, of which the first is named.
struct Some {
  std::uint64_t first = 0, count = 0, last = 0;
  void add(std::uint64_t index) {
    if (count != 0 && last == index) return;
    if (count++ == 0) first = index;
    last = index;
  }
};

// Goes through the log from its beginning, as the first reading did, and on to what was written since.
class SecondReading {
 public:
  explicit SecondReading(const CheckedLog& log) : log_(log) { chain_.set_state(beginning(log.first)); }

  // `see` with each entry that was checked; ends where the chain does. Segments are listed until there are no
  // more: an order may be in one that began meanwhile.
  void run(const std::function<void(const EntryReader&)>& see) {
    for (bool goes_on = true; goes_on;) {
      const auto listed = list_log(log_.directory);
      if (!listed) return;
      const auto next =
          std::find_if(listed->segments.begin(), listed->segments.end(),
                       [this](const auto& one) { return one.first_index == chain_.state().next_index; });
      if (next == listed->segments.end()) return;
      goes_on = read(next->path.string(), see);
    }
  }

  [[nodiscard]] const OrderRules& orders() const noexcept { return orders_; }
  [[nodiscard]] bool is_same() const noexcept { return is_same_; }

 private:
  bool read(const std::string& path, const std::function<void(const EntryReader&)>& see) {
    auto opened = open_to_read(path);
    if (!opened) return false;
    LineScanner lines(std::move(opened->read));
    const auto scan = scan_segment(lines, chain_, [&](const Line&) { take(see); });
    return scan && !scan->problem && scan->whole && scan->batches > 0;
  }

  void take(const std::function<void(const EntryReader&)>& see) {
    const EntryReader& entry = chain_.entry();
    if (entry.index() + 1 == log_.whole) is_same_ = chain_.state().leaf == log_.leaf;
    if (entry.index() < log_.whole) {
      (void)orders_.see(entry, log_.name);
      return see(entry);
    }
    // What a torn batch says does not count: it is taken when the batch is whole.
    if (entry.type() == EntryType::erase || entry.type() == EntryType::hold ||
        entry.type() == EntryType::prune || entry.type() == EntryType::segment ||
        entry.type() == EntryType::config)
      batch_.emplace_back(entry.line());
    if (chain_.state().in_batch) return;
    for (const auto& line : batch_) {
      EntryReader again;
      if (!again.read(line)) (void)orders_.see(again, log_.name);
    }
    batch_.clear();
  }

  const CheckedLog& log_;
  Chain chain_;
  OrderRules orders_;
  bool is_same_ = false;
  std::vector<std::string> batch_;
};

// What the fields say that were seen.
class Findings {
 public:
  // `asked`: what was ordered in the entries that were checked; `ordered`: wherever it stands.
  Findings(KeyFiles& keys, const CheckedLog& log, const ErasedRecords& asked, const ErasedRecords& ordered)
      : keys_(keys), origin_(sha256(log.name)), asked_(asked), ordered_(ordered) {}

  void see(const EntryReader& entry) {
    const auto sealed = entry.sealed();
    if (!sealed || sealed->epoch > entry.index() || sealed->slot >= kSlots) return;
    for (const auto& field : sealed->fields) {
      if (const auto kind = class_of_field(field.name)) see(entry, *sealed, field, *kind);
    }
  }

  [[nodiscard]] bool any_gone() const noexcept { return gone_.count != 0; }
  void say(const SealingReport& report) const {
    say(report, VerifyResult::tampered, "sealed", wrong_,
        "what is sealed does not fit its key: it was changed");
    say(report, VerifyResult::tampered, "erased", gone_,
        "the key of what is sealed is gone, and no order erases it: it was destroyed behind the log's back, "
        "or the "
        "folder is not that of this log's keys");
    say(report, VerifyResult::incomplete, "kept", kept_,
        "what is ordered to be erased can still be opened: start the gate, or give it the order once more "
        "with "
        "portcullis audit erase");
  }

 private:
  void see(const EntryReader& entry, const EntryReader::SealedFields& sealed,
           const EntryReader::SealedFields::Field& field, SealClass kind) {
    const bool is_unknown = keys_.is_unknown(sealed.epoch);
    const auto key = is_unknown ? std::nullopt : keys_.key_of(sealed.epoch, kind, sealed.slot);
    if (key && !holds(*key, {origin_, sealed.epoch, sealed.slot}, field)) wrong_.add(entry.index());
    if (is_unknown || key) {
      if (asked_.by_order(kind, entry.index())) kept_.add(entry.index());
    } else if (!ordered_.by_pruning(entry.index()) && !ordered_.by_order(kind, entry.index()) &&
               !ordered_.by_time(kind, entry.micros())) {
      gone_.add(entry.index());
    }
  }

  static void say(const SealingReport& report, VerifyResult severity, std::string_view check,
                  const Some& some, const std::string& message) {
    if (some.count == 0) return;
    report(severity, check, some.first, {}, message + " (" + std::to_string(some.count) + " entries)");
  }

  KeyFiles& keys_;
  const Hash origin_;
  const ErasedRecords& asked_;
  const ErasedRecords& ordered_;
  Some wrong_, gone_, kept_;
};

constexpr int kMostReadings = 8;  // each after an order that came during the one before

}  // namespace

void check_sealing(const std::filesystem::path& keys, const CheckedLog& log, const SealingReport& report) {
  KeyFiles files(keys, log.name);
  const auto& trouble = files.trouble();
  SecondReading orders_of(log);
  std::optional<ErasedRecords> asked;
  orders_of.run([&](const EntryReader& entry) {
    if (entry.index() + 1 == log.whole) asked = orders_of.orders().erased();
  });
  if (trouble) report(VerifyResult::incomplete, "read", 0, trouble->file, trouble->message);
  if (!orders_of.is_same() || !asked) {
    if (!trouble) {
      report(VerifyResult::incomplete, "read", 0, {},
             "the log is not the one any more that was checked before: check it again");
    }
    return;
  }
  ErasedRecords ordered = orders_of.orders().erased();
  std::uint64_t erasures = orders_of.orders().erasures();
  for (int i = 0; i < kMostReadings; ++i) {
    Findings findings(files, log, *asked, ordered);
    SecondReading reading(log);
    reading.run([&](const EntryReader& entry) { findings.see(entry); });
    const bool is_settled = !findings.any_gone() || reading.orders().erasures() == erasures;
    if (is_settled || i + 1 == kMostReadings) return findings.say(report);
    ordered = reading.orders().erased();
    erasures = reading.orders().erasures();
  }
}

}  // namespace portcullis::audit
