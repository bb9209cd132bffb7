// read_statements(): decisions, each with what became of it.
#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "audit/parsed_texts.hpp"
#include "audit/prefilter.hpp"
#include "audit/read.hpp"
#include "audit/read_range.hpp"
#include "audit/session_book.hpp"
#include "audit/waiting_statements.hpp"

namespace portcullis::audit {
namespace {

// What a decision alone can be asked.
EntryFilter of_decisions(EntryFilter filter) {
  filter.type.reset();
  filter.sqlstate.clear();
  return filter;
}

bool has_sqlstate(const Statement& statement, const std::string& sqlstate) {
  return sqlstate.empty() || statement.sqlstate == sqlstate ||
         std::any_of(statement.outcomes.begin(), statement.outcomes.end(),
                     [&](const StatementOutcome& one) { return one.sqlstate == sqlstate; });
}

class StatementVisitor final : public LineVisitor {
 public:
  StatementVisitor(const LogSearch& log, const ReadOptions& options, const OnStatement& callback,
                   const OnEntry& on_other)
      : sqlstate_(options.filter.sqlstate),
        filter_(of_decisions(options.filter)),
        with_texts_(options.texts),
        prefilter_(filter_),
        callback_(callback),
        on_other_(on_other),
        book_(log),
        keys_(options.keys),
        texts_(log, options.keys),
        waiting_([this](Statement&& statement) { emit(std::move(statement)); }) {}

  [[nodiscard]] bool wants_gap() const override { return !waiting_.is_empty(); }

  void leap(std::size_t segment, std::uint64_t offset) override {
    place_.leap();
    book_.leap(segment, offset);
  }

  Step line(std::string_view text, bool in_extent) override {
    if (in_extent) {
      place_.pass(text);
    } else {
      place_.step_over();
    }
    const auto type = raw_type(text);
    auto bad = type == "decision"  ? look_at_decision(text, in_extent)
               : type == "outcome" ? look_at_outcome(text)
                                   : look_at_other(text, type, in_extent);
    return {.more = !has_enough_ && !failed_ && !bad, .bad = std::move(bad)};
  }

  void finish() { waiting_.settle_all(); }

  void tell(ReadFacts& facts) const {
    place_.tell(facts);
    facts.matched = matched_;
    facts.cut_short = waiting_.cut_short();
    facts.forgotten = book_.forgotten();
  }
  [[nodiscard]] const std::optional<base::Error>& failed() const { return failed_; }

 private:
  using Problem = std::optional<ReadProblem>;

  Problem look_at_decision(std::string_view text, bool in_extent) {
    if (!in_extent || !prefilter_.passes(text) || !is_wanted_session(text)) return {};
    if (auto bad = entry_.read(text)) return bad;
    take(filter_);
    return {};
  }

  // Of a line that was not read yet.
  bool is_wanted_session(std::string_view text) {
    if (filter_.owner.empty() && filter_.login.empty()) return true;
    const auto number = raw_number(text, "\"session\":");
    if (!number) return true;
    const auto who = book_.who(*number);
    if (!who) failed_ = who.error();
    return who && is_of_session(filter_, who->get());
  }

  Problem look_at_outcome(std::string_view text) {
    const auto decision = raw_number(text, "\"decision\":");
    if (!decision || !waiting_.has(*decision)) return {};
    if (auto bad = entry_.read(text)) return bad;
    waiting_.add_outcome(*decision, read_outcome(entry_), text.size());
    return {};
  }

  Problem look_at_other(std::string_view text, std::string_view type, bool in_extent) {
    const bool is_known = type == "heartbeat" || type == "policy" || type == "config" || type == "dry_run" ||
                          type == "key" || type == "segment" || type == "anchor" || type == "erase" ||
                          type == "hold" || type == "read" || type == "export";
    if (is_known) return {};  // they say nothing of sessions
    if (auto bad = entry_.read(text)) return bad;
    switch (entry_.type()) {
      case EntryType::counted:
        if (in_extent) take_counted();
        return {};
      case EntryType::open:
      case EntryType::recovered: waiting_.settle_all(); break;
      case EntryType::session:
        if (entry_.text("event") == "end") waiting_.settle_session(session());
        break;
      default: break;
    }
    book_.see(entry_);
    if (in_extent && on_other_) offer_other();
    return {};
  }

  // Of which the range alone is asked.
  void offer_other() {
    EntryFilter range;
    range.from = filter_.from;
    range.to = filter_.to;
    range.since = filter_.since;
    range.until = filter_.until;
    if (matches(range, entry_, nullptr) && !on_other_(entry_, nullptr)) has_enough_ = true;
  }

  // A refusal, though it has no verdict.
  void take_counted() {
    if (!filter_.verdict.empty() && filter_.verdict != "deny") return;
    EntryFilter filter = filter_;
    filter.verdict.clear();
    take(filter);
  }

  void take(const EntryFilter& filter) {
    // Who it is may have to be looked for far away: only of what is wanted otherwise.
    EntryFilter rest = filter;
    rest.owner.clear();
    rest.login.clear();
    if (!matches(rest, entry_, nullptr)) return;
    auto who = book_.who(session());
    if (!who) {
      failed_ = who.error();
      return;
    }
    if (!is_of_session(filter, who->get())) return;
    Statement statement = read_statement(entry_, keys_);
    statement.who = std::move(*who);
    if (with_texts_ && statement.message == "Parse") texts_.remember(statement.index, statement.text);
    waiting_.add(std::move(statement));
  }

  void emit(Statement&& statement) {
    if (has_enough_ || failed_ || !has_sqlstate(statement, sqlstate_)) return;
    if (with_texts_ && statement.parsed_at)
      statement.find_text = [this, index = *statement.parsed_at] { return text_of(index); };
    ++matched_;
    has_enough_ = !callback_(statement);
  }

  std::string text_of(std::uint64_t index) {
    auto text = texts_.of(index);
    if (text) return std::move(*text);
    failed_ = text.error();
    return {};
  }

  [[nodiscard]] std::uint64_t session() const {
    return static_cast<std::uint64_t>(entry_.number("session").value_or(0));
  }

  const std::string sqlstate_;
  const EntryFilter filter_;
  const bool with_texts_;
  const Prefilter prefilter_;
  const OnStatement& callback_;
  const OnEntry& on_other_;
  SessionBook book_;
  Unsealer* const keys_;
  ParsedTexts texts_;
  WaitingStatements waiting_;
  EntryReader entry_;
  RangeRead place_;
  std::uint64_t matched_ = 0;
  bool has_enough_ = false;
  std::optional<base::Error> failed_;
};

}  // namespace

base::Result<std::optional<std::uint64_t>> end_log(LogSearch& log, std::optional<std::uint64_t> as_of) {
  const auto last = log.last_index();
  if (!last) return last.error();
  if (!*last && !as_of) return last;
  if (as_of && (!*last || **last < *as_of)) {
    return base::Error{base::sqlstate::invalid_parameter_value,
                       "the log has no entry " + std::to_string(*as_of) + " to end with: " +
                           (*last ? "its last one is " + std::to_string(**last) : "it has none at all") +
                           "; if it had one, the log was cut: run portcullis audit verify"};
  }
  const auto ended = log.end_with(as_of.value_or(last->value_or(0)));
  if (!ended) return ended.error();
  return std::optional<std::uint64_t>{as_of.value_or(last->value_or(0))};
}

base::Result<ReadFacts> read_statements(const std::filesystem::path& directory, const ReadOptions& options,
                                        const OnStatement& callback, const OnEntry& on_other) {
  auto log = LogSearch::open(directory);
  if (!log) return log.error();
  const auto as_of = end_log(*log, options.as_of);
  if (!as_of) return as_of.error();
  if (!*as_of) return ReadFacts{.is_empty = true};
  const auto extents = log->extents(range_of(options));
  if (!extents) return extents.error();
  StatementVisitor visitor(*log, options, callback, on_other);
  const auto walked = walk(*log, *extents, visitor, options.progress);
  if (!walked) return walked.error();
  visitor.finish();
  if (visitor.failed()) return *visitor.failed();
  ReadFacts facts;
  facts.as_of = **as_of;
  visitor.tell(facts);
  return facts;
}

}  // namespace portcullis::audit
