// `portcullis audit report gaps` and `policies`: what the log says of itself.
#include <optional>

#include "app/audit_report_parts.hpp"
#include "audit/log_search.hpp"

namespace portcullis::app {
namespace {

using audit::EntryReader;
using audit::EntryType;

std::string seconds_text(std::int64_t micros) {
  return std::to_string(micros / 1'000'000) + "." + std::to_string(micros / 100'000 % 10) + " s";
}

// When the gate did not record, or what it recorded reached nobody else.
class GapsReport final : public AuditReport {
 public:
  explicit GapsReport(const ReportScope& scope)
      : scope_(scope), listed_("events", {"time", "record", "event", "detail"}, scope.rows) {}

  // Of what is before the range only the state of things is wanted.
  bool take(const EntryReader& entry, const audit::SessionFacts*) override {
    is_in_range_ = matches(scope_.filter, entry, nullptr);
    bool is_event = note_silence(entry);
    switch (entry.type()) {
      case EntryType::open: is_event = note_start(entry); break;
      case EntryType::recovered:
        crashes_ += is_in_range_ ? 1 : 0;
        is_event = note(entry, "no clean end",
                        std::to_string(entry.number("dropped").value_or(0)) +
                            " bytes of an unfinished batch were cut; statements before it may be unresolved");
        break;
      case EntryType::close: is_event = note(entry, "clean end", ""); break;
      case EntryType::key: is_event = note(entry, "another key signs", entry.text("new")); break;
      case EntryType::anchor: is_event = note_anchor(entry); break;
      default: break;
    }
    last_ = entry.micros();
    latest_ = entry.type() == EntryType::open ? entry.micros() : std::max(latest_, entry.micros());
    is_running_ = entry.type() != EntryType::close && entry.type() != EntryType::recovered && is_running_;
    if (entry.type() == EntryType::open) is_running_ = true;
    return is_event;
  }

  std::vector<ReportTable> tables() const override {
    return {{"counts",
             {"starts", "without a clean end before", "silences", "clock set back", "anchor failures",
              "anchors failing at the end"},
             {{starts_, crashes_, silences_, set_back_, anchor_failures_, failing_.size()}},
             0},
            listed_.table()};
  }
  std::vector<std::string> remarks() const override {
    return {
        "within a start something is recorded at least as often as its heartbeat; a silence is longer than "
        "that "
        "and 5 s: the machine slept, its clock was set, its disk was full, or the gate did not record",
        "what was taken out of a log is found by portcullis audit verify, not here"};
  }

 private:
  bool note(const EntryReader& entry, const std::string& event, const std::string& detail) {
    if (!is_in_range_) return false;
    if (listed_.has_room()) listed_.add({audit::time_text(entry.micros()), entry.index(), event, detail});
    return true;
  }

  bool note_start(const EntryReader& entry) {
    starts_ += is_in_range_ ? 1 : 0;
    heartbeat_ = entry.number("heartbeat").value_or(0) * 1'000;
    std::string detail = "version " + entry.text("version");
    if (last_ && entry.micros() < *last_) {
      detail += ", its clock is " + seconds_text(*last_ - entry.micros()) + " behind the last entry";
    } else if (last_) {
      detail += ", " + seconds_text(entry.micros() - *last_) + " after the last entry";
    }
    return note(entry, "start", detail);
  }

  bool note_silence(const EntryReader& entry) {
    if (!is_running_ || entry.type() == EntryType::open || entry.type() == EntryType::recovered) return false;
    const std::int64_t step = entry.micros() - latest_;
    if (step > heartbeat_ + audit::kTimeToleranceMicros) {
      silences_ += is_in_range_ ? 1 : 0;
      return note(entry, "silence", "nothing for " + seconds_text(step) + ", and a heartbeat was due");
    }
    if (step >= -audit::kTimeToleranceMicros) return false;
    set_back_ += is_in_range_ ? 1 : 0;
    latest_ = entry.micros();
    return note(entry, "clock set back", "by " + seconds_text(-step));
  }

  bool note_anchor(const EntryReader& entry) {
    const std::string name = entry.text("name"), state = entry.text("state");
    const bool failed = state == "failed";
    anchor_failures_ += failed && is_in_range_ ? 1 : 0;
    if (!failed) failing_.erase(name);
    if (failed && failing_.size() < kMostGroups) failing_.insert(name);
    const std::string reason = entry.text("reason");
    return note(entry, "anchor " + state,
                name + ", newest checkpoint there: " + std::to_string(entry.number("size").value_or(0)) +
                    (reason.empty() ? "" : "; " + reason));
  }

  const ReportScope scope_;
  Listing listed_;
  bool is_in_range_ = false;
  std::uint64_t starts_ = 0, crashes_ = 0, silences_ = 0, set_back_ = 0, anchor_failures_ = 0;
  std::set<std::string> failing_;
  std::optional<std::int64_t> last_;
  std::int64_t latest_ = 0, heartbeat_ = 0;
  bool is_running_ = false;
};

// Which policy was in force when, and who was judged by it.
class PoliciesReport final : public AuditReport {
 public:
  explicit PoliciesReport(const ReportScope& scope)
      : listed_("in force", {"from", "record", "policy", "name", "bytes"}, scope.rows), rows_(scope.rows) {}

  bool take(const EntryReader& entry, const audit::SessionFacts* who) override {
    if (entry.type() == EntryType::policy) {
      if (listed_.has_room())
        listed_.add({audit::time_text(entry.micros()), entry.index(), entry.text("hash"), entry.text("name"),
                     std::uint64_t{entry.text("bytes").size()}});
      return true;
    }
    if (entry.type() != EntryType::decision) return false;
    audit::Statement statement;
    statement.micros = entry.micros();
    statement.verdict = entry.text("verdict");
    statement.message = "Parse";  // no outcome is waited for
    const std::string policy = entry.text("policy");
    users_.of({policy.empty() ? "(none)" : policy, entry.text("agent"), who != nullptr ? who->owner : ""})
        .add(statement);
    return true;
  }
  std::vector<ReportTable> tables() const override {
    ReportTable users{
        "judged by", {"policy", "agent", "owner", "decisions", "refused", "first", "last"}, {}, 0};
    for (const auto& [key, tally] : users_.ranked()) {
      if (users.rows.size() == rows_) {
        users.more = users_.all().size() - rows_;
        break;
      }
      std::vector<Cell> cells(key.begin(), key.end());
      cells.emplace_back(tally.statements);
      cells.emplace_back(tally.refused);
      cells.emplace_back(audit::time_text(tally.first));
      cells.emplace_back(audit::time_text(tally.last));
      users.rows.push_back(std::move(cells));
    }
    return {listed_.table(), users};
  }
  std::vector<std::string> remarks() const override {
    return {
        "a policy is in force until the next one, or until its start ends; each start records its own anew",
        "its bytes: portcullis audit show DIR --record N --json; two of them: portcullis policy diff"};
  }

 private:
  Listing listed_;
  Groups users_{3};
  std::size_t rows_;
};

}  // namespace

std::unique_ptr<AuditReport> make_gaps_report(const ReportScope& scope) {
  return std::make_unique<GapsReport>(scope);
}
std::unique_ptr<AuditReport> make_policies_report(const ReportScope& scope) {
  return std::make_unique<PoliciesReport>(scope);
}

}  // namespace portcullis::app
