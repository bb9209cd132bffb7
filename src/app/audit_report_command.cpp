// `portcullis audit report dry-runs`: what dry runs predicted, held against what happened.
#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <nlohmann/json.hpp>

#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "app/text_table.hpp"
#include "audit/read.hpp"
#include "portcullis/base/duration_class.hpp"

namespace portcullis::app {
namespace {

using audit::EntryReader;
using audit::EntryType;
using base::DurationClass;
using Json = nlohmann::json;

// What is remembered until what belongs to it is read; beyond that it is forgotten and not counted.
constexpr std::size_t kMostRemembered = 50'000, kMostNamed = 20;

struct Prediction {
  std::optional<DurationClass> duration;  // of all statements together at least; nothing: unknown
  bool is_known = false;                  // the report was kept
  bool fails = false;
};

// The reports are the gate's own; a log that was written by something else may hold anything.
Prediction prediction_of(const std::string& report) {
  const Json statements = Json::parse(report, nullptr, false);
  Prediction prediction;
  if (!statements.is_array() || statements.empty()) return prediction;
  prediction.is_known = true;
  prediction.duration = DurationClass::under_1s;
  prediction.fails = std::any_of(statements.begin(), statements.end(), [](const Json& statement) {
    return statement.is_object() && statement.value("outcome", Json()) == "error";
  });
  for (const auto& statement : statements) {
    const auto path = Json::json_pointer("/forecast/duration");
    const bool is_told = statement.is_object() && statement.contains(path) && statement.at(path).is_string();
    const auto told =
        is_told ? base::duration_class_named(statement.at(path).get<std::string>()) : std::nullopt;
    if (!told) {
      prediction.duration.reset();
      return prediction;
    }
    prediction.duration = std::max(*prediction.duration, *told);
  }
  return prediction;
}

// What comes of a lock, a person or the network no dry run foretells.
bool is_of_circumstances(const std::string& sqlstate) {
  constexpr std::array<std::string_view, 3> kOfOthers{"55P03", "57014", "40P01"};
  return std::find(kOfOthers.begin(), kOfOthers.end(), sqlstate) != kOfOthers.end() ||
         sqlstate.starts_with("08") || sqlstate.starts_with("57P") || sqlstate.starts_with("53");
}

template <class Map>
void remember(Map& map, typename Map::key_type key, typename Map::mapped_type value) {
  if (map.size() == kMostRemembered) map.erase(map.begin());
  map.insert_or_assign(std::move(key), std::move(value));
}

class DryRunHistory {
 public:
  // With nothing, reports that are sealed are unknown.
  explicit DryRunHistory(audit::Unsealer* keys) : keys_(keys) {}

  void take(const EntryReader& entry) {
    switch (entry.type()) {
      case EntryType::dry_run:
        remember(reports_, entry.text("hash"),
                 prediction_of(keys_ != nullptr ? keys_->text(entry, "report") : entry.text("report")));
        break;
      case EntryType::decision: take_decision(entry); break;
      case EntryType::outcome: take_outcome(entry); break;
      default: break;
    }
  }

  [[nodiscard]] Json to_value() const {
    return {{"tried_out", tried_out_},
            {"refused", {{"would_fail", would_fail_}, {"by_a_bound", by_bound_}}},
            {"sent", sent_},
            {"outcome", {{"as_predicted", ran_}, {"failed", failed_}, {"not_comparable", not_comparable_}}},
            {"duration",
             {{"as_predicted", in_class_},
              {"longer", longer_},
              {"shorter", shorter_},
              {"not_predicted", unpredicted_}}},
            {"locks", facts_value(other_locks_)},
            {"rewrites", facts_value(other_rewrites_)},
            {"scans", facts_value(other_scans_)},
            {"misses", misses_}};
  }

  [[nodiscard]] std::string to_text() const {
    const auto count = [](std::uint64_t number) { return std::to_string(number); };
    std::string text = to_table({{"dry runs", "count"},
                                 {"tried out", count(tried_out_)},
                                 {"refused: it would fail", count(would_fail_)},
                                 {"refused: beyond a bound, or not known", count(by_bound_)},
                                 {"sent", count(sent_)},
                                 {"  ran, as predicted", count(ran_)},
                                 {"  failed though it should have run", count(failed_)},
                                 {"  stopped by circumstances, or not ended", count(not_comparable_)},
                                 {"  took as long as predicted", count(in_class_)},
                                 {"  took longer", count(longer_)},
                                 {"  took less", count(shorter_)},
                                 {"  of unknown duration", count(unpredicted_)}});
    text += rate_of("outcome", ran_, ran_ + failed_) +
            rate_of("duration", in_class_, in_class_ + longer_ + shorter_) +
            rate_of("locks", compared_ - other_locks_, compared_) +
            rate_of("rewrites", compared_ - other_rewrites_, compared_) +
            rate_of("scans", compared_ - other_scans_, compared_);
    for (const auto& miss : misses_) text += "  " + printable(miss.get<std::string>()) + "\n";
    return text;
  }

 private:
  static std::string rate_of(const char* what, std::uint64_t hits, std::uint64_t all) {
    if (all == 0) return std::string(what) + ": nothing to compare\n";
    return std::string(what) + ": " + std::to_string(hits) + " of " + std::to_string(all) +
           " as predicted, " + std::to_string(hits * 1'000 / all / 10) + "." +
           std::to_string(hits * 1'000 / all % 10) + " %\n";
  }

  void take_decision(const EntryReader& entry) {
    const std::string hash = entry.text("dry_run");
    if (hash.empty()) return;
    ++tried_out_;
    const auto report = reports_.find(hash);
    const Prediction prediction = report == reports_.end() ? Prediction{} : report->second;
    if (entry.text("verdict") != "allow") {
      ++(prediction.fails ? would_fail_ : by_bound_);
      return;
    }
    ++sent_;
    ++not_comparable_;  // until it has ended
    remember(sent_decisions_, entry.index(), prediction);
  }

  void take_outcome(const EntryReader& entry) {
    const auto found = sent_decisions_.find(static_cast<std::uint64_t>(entry.number("decision").value_or(0)));
    if (found == sent_decisions_.end()) return;
    const auto prediction = found->second;
    sent_decisions_.erase(found);
    const std::string result = entry.text("result"), sqlstate = entry.text("sqlstate");
    if (result == "error" && !is_of_circumstances(sqlstate)) {
      --not_comparable_;
      ++failed_;
      return note("#" + std::to_string(entry.index()) + " failed by " + sqlstate);
    }
    if (result != "ok") return;
    --not_comparable_;
    ++ran_;
    compare_time(entry, prediction);
    if (entry.has("differs")) compare_facts(entry);
  }

  [[nodiscard]] Json facts_value(std::uint64_t others) const {
    return {{"as_predicted", compared_ - others}, {"otherwise", others}};
  }

  void compare_facts(const EntryReader& entry) {
    ++compared_;
    bool locks = false, rewrites = false, scans = false;
    const auto& json = entry.json();
    const auto* lines = json.find(json.root(), "differs");
    for (const auto* line = json.first_child(*lines); line != nullptr; line = json.next(*line)) {
      const std::string text = json.text(*line);
      locks = locks || text.starts_with("locks: ");
      rewrites = rewrites || text.starts_with("rewrite: ");
      scans = scans || text.starts_with("scan: ");
      note("#" + std::to_string(entry.index()) + " " + text);
    }
    other_locks_ += locks ? 1 : 0;
    other_rewrites_ += rewrites ? 1 : 0;
    other_scans_ += scans ? 1 : 0;
  }

  void compare_time(const EntryReader& entry, const Prediction& prediction) {
    if (!prediction.is_known || !prediction.duration) {
      ++unpredicted_;
      return;
    }
    const double seconds = static_cast<double>(entry.number("duration").value_or(0)) / 1e6;
    const auto took = base::duration_class_of(seconds);
    if (took == *prediction.duration) {
      ++in_class_;
    } else if (took < *prediction.duration) {
      ++shorter_;
    } else {
      ++longer_;
      note("#" + std::to_string(entry.index()) + " took " + std::to_string(seconds) + " s, predicted " +
           std::string(name(*prediction.duration)) + " (waiting for locks is in it)");
    }
  }

  void note(std::string miss) {
    if (misses_.size() < kMostNamed) misses_.push_back(std::move(miss));
  }

  audit::Unsealer* const keys_;
  std::map<std::string, Prediction> reports_;           // by hash
  std::map<std::uint64_t, Prediction> sent_decisions_;  // by index
  std::uint64_t tried_out_ = 0, would_fail_ = 0, by_bound_ = 0, sent_ = 0;
  std::uint64_t ran_ = 0, failed_ = 0, not_comparable_ = 0;
  std::uint64_t in_class_ = 0, longer_ = 0, shorter_ = 0, unpredicted_ = 0;
  std::uint64_t compared_ = 0, other_locks_ = 0, other_rewrites_ = 0, other_scans_ = 0;
  Json misses_ = Json::array();
};

}  // namespace

int report_dry_runs(const DryRunReportOptions& options, Console& console) {
  const auto pass = [&](audit::Unsealer* keys, std::optional<std::uint64_t> as_of, bool prints) {
    DryRunHistory history(keys);
    const auto read = audit::read_entries(options.directory, {.as_of = as_of},
                                          [&](const EntryReader& entry, const audit::SessionFacts*) {
                                            history.take(entry);
                                            return true;
                                          });
    if (read && prints) console.out << (options.json ? history.to_value().dump() + "\n" : history.to_text());
    return read;
  };
  const auto read = read_recorded(options.open, options.directory, {}, pass);
  return read ? kSuccess : fail(console, kFailure, read.error());
}

}  // namespace portcullis::app
