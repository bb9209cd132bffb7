#include "audit/drill_survey.hpp"

#include <map>

#include "audit/format.hpp"
#include "audit/read.hpp"

namespace portcullis::audit {
namespace {

bool has_statement(const EntryReader& entry) {
  const auto sealed = entry.sealed();
  return !entry.text("text").empty() || (sealed && sealed->find("text") != nullptr);
}

class Surveyor {
 public:
  explicit Surveyor(std::uint64_t below) : below_(below) {}

  void see(const EntryReader& entry) {
    if (found_.entries == 0) {
      first_ = entry.index();
      is_known_ = first_ == 0;
      found_.origin = entry.origin().substr(0, entry.origin().size() - kVersionMark.size());
    }
    found_.entries = entry.index() + 1;
    see_batch(entry);
    see_pair(entry);
    switch (entry.type()) {
      case EntryType::segment: see_segment(entry); break;
      case EntryType::open: see_open(entry); break;
      case EntryType::decision: see_decision(entry); break;
      case EntryType::outcome: note(found_.outcome, entry); break;
      case EntryType::policy: note(found_.policy, entry); break;
      case EntryType::config: note(found_.config, entry); break;
      case EntryType::key: found_.changes_key = true; break;
      default: break;
    }
    see_running(entry);
    last_type_ = entry.type();
  }

  Survey result() { return std::move(found_); }

 private:
  static void note(std::optional<std::uint64_t>& into, const EntryReader& entry) {
    if (!into) into = entry.index();
  }

  void see_batch(const EntryReader& entry) {
    if (begins_batch_ && entry.index() > first_) found_.last_batch = entry.index();
    begins_batch_ = entry.ends_batch();
    if (entry.ends_batch() && entry.index() + 1 < below_) found_.batch_below = entry.index() + 1;
  }

  // An outcome and then a decision: of another session, or of the same, whose order only numbers tell.
  void see_pair(const EntryReader& entry) {
    const bool is_pair = last_type_ == EntryType::outcome && entry.type() == EntryType::decision;
    if (is_pair && !found_.swap && entry.index() < below_) found_.swap = entry.index() - 1;
  }

  void see_segment(const EntryReader& entry) {
    if (entry.index() == first_) return;
    if (found_.last_segment && !found_.second_segment) found_.second_segment = found_.last_segment;
    found_.last_segment = entry.index();
  }

  void see_open(const EntryReader& entry) {
    note(found_.open, entry);
    is_known_ = true;
    if (found_.counted && !found_.next_open) found_.next_open = entry.index();
    latest_.clear();
    heartbeat_ = entry.number("heartbeat").value_or(0) * 1000;
  }

  void see_decision(const EntryReader& entry) {
    if (has_statement(entry) && entry.index() < below_) note(found_.text, entry);
    if (!is_known_) return;
    if (!entry.text("policy").empty()) note(found_.by_policy, entry);
    const std::string agent = entry.text("agent");
    const auto [before, is_first] = latest_.try_emplace(agent, entry.index());
    if (!is_first && !found_.counted && entry.index() < below_) {
      found_.counted = before->second;
      found_.counted_agent = agent;
    }
  }

  void see_running(const EntryReader& entry) {
    const bool is_inside = entry.type() == EntryType::session || entry.type() == EntryType::decision ||
                           entry.type() == EntryType::outcome || entry.type() == EntryType::heartbeat;
    if (found_.running || !is_known_) return;
    if (is_inside && candidate_) {
      found_.running = candidate_;
      found_.heartbeat = heartbeat_;
    }
    candidate_ = is_inside ? std::optional(entry.index()) : std::nullopt;
  }

  const std::uint64_t below_;
  std::uint64_t first_ = 0;
  // What its start rests on is in the log: of one that was pruned, from the next `open` on.
  bool is_known_ = false;
  Survey found_;
  bool begins_batch_ = true;
  EntryType last_type_ = EntryType::segment;
  std::map<std::string, std::uint64_t> latest_;  // the first decision of each agent in this start
  std::int64_t heartbeat_ = 0;
  std::optional<std::uint64_t> candidate_;
};

}  // namespace

base::Result<Survey> survey(const std::filesystem::path& directory, std::uint64_t below) {
  Surveyor surveyor(below);
  const auto read = for_each_entry(directory, {}, [&](const EntryReader& entry) {
    surveyor.see(entry);
    return true;
  });
  if (!read) return read.error();
  Survey found = surveyor.result();
  if (found.entries > 0) return found;
  return base::Error{base::sqlstate::invalid_parameter_value,
                     "the log \"" + directory.string() + "\" has no entry: there is nothing to attack"};
}

}  // namespace portcullis::audit
