#include "audit/read.hpp"

#include <utility>

#include "audit/directory_listing.hpp"
#include "audit/owed_outcomes.hpp"
#include "audit/prefilter.hpp"
#include "audit/read_range.hpp"
#include "audit/session_book.hpp"

namespace portcullis::audit {
namespace {

class EntryVisitor final : public LineVisitor {
 public:
  EntryVisitor(const LogSearch& log, const ReadOptions& options, const OnEntry& callback, bool with_sessions)
      : filter_(options.filter),
        prefilter_(filter_),
        callback_(callback),
        book_(log),
        with_sessions_(with_sessions),
        with_outcomes_(with_sessions && options.outcomes && !filter_.type) {}

  [[nodiscard]] bool wants_gap() const override { return !owed_.is_empty(); }

  void leap(std::size_t segment, std::uint64_t offset) override {
    place_.leap();
    if (with_sessions_) book_.leap(segment, offset);
  }

  Step line(std::string_view text, bool in_extent) override {
    if (in_extent) {
      place_.pass(text);
    } else {
      place_.step_over();
    }
    const bool is_passed = in_extent && prefilter_.passes(text);
    if (!is_passed && !with_sessions_) return {};
    if (with_outcomes_ && is_owed(text)) return take_outcome(text);
    if (with_sessions_ && note_session(text)) return is_passed ? take_session() : Step{};
    if (!is_passed) return {};
    if (auto bad = entry_.read(text)) return {.more = false, .bad = std::move(bad)};
    if (entry_.index() > filter_.to) return {.more = wants_gap()};
    return take();
  }

  [[nodiscard]] const RangeRead& place() const { return place_; }
  [[nodiscard]] std::uint64_t matched() const { return matched_; }
  [[nodiscard]] std::uint64_t forgotten() const { return book_.forgotten(); }
  [[nodiscard]] std::uint64_t cut_short() const { return owed_.forgotten(); }
  [[nodiscard]] const std::optional<base::Error>& failed() const { return failed_; }

 private:
  // Of a line that was not read yet.
  [[nodiscard]] bool is_owed(std::string_view text) const {
    if (owed_.is_empty()) return false;
    const auto decision = raw_number(text, "\"decision\":");
    return decision && owed_.has(*decision);
  }

  Step take_outcome(std::string_view text) {
    if (auto bad = entry_.read(text)) return {.more = false, .bad = std::move(bad)};
    owed_.take(entry_);
    ++matched_;
    const auto who = book_.who(session());
    if (who) return {.more = callback_(entry_, who->get())};
    failed_ = who.error();
    return {.more = false};
  }

  // Reads what says who a session is, and when it or all of them end; false leaves the line to the filter.
  bool note_session(std::string_view text) {
    const auto type = raw_type(text);
    const bool is_of_sessions = type == "session" || type == "open" || type == "recovered";
    if (!is_of_sessions || entry_.read(text)) return false;
    book_.see(entry_);
    if (entry_.type() != EntryType::session) owed_.end_start();
    if (entry_.type() == EntryType::session && entry_.text("event") == "end") owed_.end_session(session());
    return true;
  }

  Step take_session() {
    if (entry_.index() > filter_.to) return {.more = wants_gap()};
    if (entry_.type() != EntryType::session) return offer(nullptr);
    const SessionFacts own = read_session(entry_);
    return offer(&own);
  }

  // Who it is may have to be looked for far away: only of what is wanted otherwise.
  Step take() {
    const auto session = entry_.number("session");
    EntryFilter rest = filter_;
    rest.owner.clear();
    rest.login.clear();
    if (!with_sessions_ || !session || !matches(rest, entry_, nullptr)) return offer(nullptr);
    const auto who = book_.who(static_cast<std::uint64_t>(*session));
    if (!who) {
      failed_ = who.error();
      return {.more = false};
    }
    return offer(who->get());
  }

  Step offer(const SessionFacts* who) {
    if (!matches(filter_, entry_, who)) return {};
    ++matched_;
    if (with_outcomes_ && entry_.type() == EntryType::decision) owed_.expect(entry_);
    return {.more = callback_(entry_, who)};
  }

  [[nodiscard]] std::uint64_t session() const {
    return static_cast<std::uint64_t>(entry_.number("session").value_or(0));
  }

  const EntryFilter filter_;
  const Prefilter prefilter_;
  const OnEntry& callback_;
  SessionBook book_;
  bool with_sessions_, with_outcomes_;
  OwedOutcomes owed_;
  EntryReader entry_;
  RangeRead place_;
  std::uint64_t matched_ = 0;
  std::optional<base::Error> failed_;
};

base::Result<ReadFacts> read_log(const LogSearch& log, const ReadOptions& options, const OnEntry& callback,
                                 bool with_sessions) {
  const auto extents = log.extents(range_of(options));
  if (!extents) return extents.error();
  EntryVisitor visitor(log, options, callback, with_sessions);
  const auto walked = walk(log, *extents, visitor, options.progress);
  if (!walked) return walked.error();
  if (visitor.failed()) return *visitor.failed();
  ReadFacts facts;
  visitor.place().tell(facts);
  facts.matched = visitor.matched();
  facts.forgotten = visitor.forgotten();
  facts.cut_short = visitor.cut_short();
  return facts;
}

}  // namespace

base::Result<void> for_each_entry(const std::filesystem::path& directory, const EntryFilter& filter,
                                  const std::function<bool(const EntryReader&)>& callback) {
  const auto log = LogSearch::open(directory);
  if (!log) return log.error();
  const bool by_session = !filter.owner.empty() || !filter.login.empty();
  ReadOptions options;
  options.filter = filter;
  const auto read = read_log(
      *log, options, [&](const EntryReader& entry, const SessionFacts*) { return callback(entry); },
      by_session);
  if (!read) return read.error();
  return {};
}

base::Result<ReadFacts> read_entries(const std::filesystem::path& directory, const ReadOptions& options,
                                     const OnEntry& callback) {
  auto log = LogSearch::open(directory);
  if (!log) return log.error();
  const auto as_of = end_log(*log, options.as_of);
  if (!as_of) return as_of.error();
  if (!*as_of) return ReadFacts{.is_empty = true};
  auto facts = read_log(*log, options, callback, true);
  if (facts) facts->as_of = **as_of;
  return facts;
}

base::Result<std::uint64_t> first_index_since(const std::filesystem::path& directory, std::int64_t micros) {
  const auto segments = list_segments(directory);
  if (!segments) return segments.error();
  for (std::size_t i = segments->size(); i-- > 0;) {
    const auto& segment = (*segments)[i];
    LogSearch one({segment});
    bool is_older = false;
    const OnEntry look = [&](const EntryReader& entry, const SessionFacts*) {
      is_older = entry.micros() < micros;
      return false;
    };
    const auto read = read_log(one, {}, look, false);
    if (!read) return read.error();
    if (is_older) return segment.first_index;
  }
  return std::uint64_t{0};
}

}  // namespace portcullis::audit
