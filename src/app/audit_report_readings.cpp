// The report on who opened sealed texts of the log.
#include "app/audit_report_parts.hpp"

namespace portcullis::app {
namespace {

using audit::EntryReader;
using audit::EntryType;

struct Reader {
  std::uint64_t readings = 0, exports = 0, records = 0;
  std::int64_t first = 0, last = 0;  // microseconds since 1970
};

std::uint64_t count(const EntryReader& entry, std::string_view key) {
  return static_cast<std::uint64_t>(entry.number(key).value_or(0));
}

class ReadingsReport final : public AuditReport {
 public:
  explicit ReadingsReport(const ReportScope& scope)
      : listed_("readings",
                {"time", "record", "by", "first", "last", "records", "classes", "purpose", "file"},
                scope.rows),
        rows_(scope.rows) {}

  bool take(const EntryReader& entry, const audit::SessionFacts*) override {
    if (entry.type() != EntryType::read && entry.type() != EntryType::export_) return false;
    const std::string by = entry.text("by");
    note(by, entry);
    if (!listed_.has_room()) return true;
    std::string classes;
    for (const auto& name : audit::texts_of(entry, entry.json().root(), "classes"))
      classes += (classes.empty() ? "" : " ") + name;
    listed_.add({audit::time_text(entry.micros()), entry.index(), by, count(entry, "first"),
                 count(entry, "last"), count(entry, "records"), classes, entry.text("purpose"),
                 entry.text("hash")});
    return true;
  }
  std::vector<ReportTable> tables() const override {
    ReportTable readers{"by reader", {"by", "readings", "exports", "records", "first", "last"}, {}, 0};
    for (const auto& [by, told] : readers_) {
      if (readers.rows.size() == rows_) {
        readers.more = readers_.size() - rows_;
        break;
      }
      readers.rows.push_back({by, told.readings, told.exports, told.records, audit::time_text(told.first),
                              audit::time_text(told.last)});
    }
    return {readers, listed_.table()};
  }
  std::vector<std::string> remarks() const override {
    return {
        "by is who the reader said, or the operating system's user: the commands of portcullis ask nobody "
        "else",
        "an entry may count in several readings; file is the SHA-256 of the one that the texts went to",
        "who has the log's files and its keys can open texts with a program of their own, and of a copy: "
        "that "
        "is not here"};
  }

 private:
  void note(const std::string& by, const EntryReader& entry) {
    const bool is_one_more = readers_.size() < kMostGroups || readers_.contains(by);
    Reader& reader = readers_[is_one_more ? by : "(others)"];
    if (reader.readings + reader.exports == 0) reader.first = entry.micros();
    ++(entry.type() == EntryType::read ? reader.readings : reader.exports);
    reader.records += count(entry, "records");
    reader.last = entry.micros();
  }

  Listing listed_;
  std::map<std::string, Reader> readers_;
  std::size_t rows_;
};

}  // namespace

std::unique_ptr<AuditReport> make_readings_report(const ReportScope& scope) {
  return std::make_unique<ReadingsReport>(scope);
}

}  // namespace portcullis::app
