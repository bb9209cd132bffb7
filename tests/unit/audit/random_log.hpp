// A log as some weeks of a gate could leave it, made by chance: several starts, some after a crash and some
// after the clock was set, sessions that overlap, texts of all kinds, outcomes late or never.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "audit/format.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit::testing {

class RandomLog {
 public:
  RandomLog(std::filesystem::path directory, std::uint32_t seed)
      : directory_(std::move(directory)), random_(seed) {
    for (int start = 0, starts = 2 + below(4); start < starts; ++start) run(start);
    add(heartbeat_draft(forger_.context()));
    save();
  }

  // Every line, by its index.
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  [[nodiscard]] std::int64_t some_time() { return times_[static_cast<std::size_t>(below(times_.size()))]; }
  [[nodiscard]] int below(std::size_t count) { return static_cast<int>(random_() % count); }
  template <class List>
  const auto& one_of(const List& list) {
    return list[static_cast<std::size_t>(below(list.size()))];
  }

  inline static const std::vector<std::string> kAgents{"bot", "other", "we\"ird\\\n\x01", "\xff\xfe no text"};
  inline static const std::vector<std::string> kOwners{"ada", "bob@example.com", ""};
  inline static const std::vector<std::string> kTables{"app.orders",      "app.customers", "books.ledger",
                                                       "app.odd\"name\t", "app\xff.bytes", "apple.pie"};
  inline static const std::vector<std::string> kColumns{"id", "email", "no\"te"};
  inline static const std::vector<std::string> kActions{"select", "update", "delete", "create index"};
  inline static const std::vector<std::string> kVerdicts{"allow",      "allow", "allow",
                                                         "would_deny", "deny",  "ask"};
  inline static const std::vector<std::string> kRules{"read", "write", "pii \xe2\x82\xac"};
  inline static const std::vector<std::string> kStates{"42501", "23505", "57014"};
  inline static const std::vector<std::string> kTraces{
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"};

 private:
  struct Open {
    std::string agent;
    std::vector<std::uint64_t> waiting;  // decisions that may still get an outcome
  };

  void run(int start) {
    boot_ = "b" + std::to_string(start);
    latest_ += start == 0 ? 0 : (below(2) == 0 ? 1 : -1) * below(7'200) * 1'000'000LL;
    sessions_.clear();
    next_session_ = 1;
    if (lines_.empty()) begin_segment();
    if (start > 0 && crashed_) add(recovered_draft(forger_.context(), 7));
    add(open_draft(forger_.context(), boot_, "1", std::chrono::milliseconds(60'000)));
    for (int turn = 0, turns = 100 + below(500); turn < turns; ++turn) act();
    crashed_ = below(2) == 0;
    if (!crashed_) add(close_draft(forger_.context()));
  }

  void act() {
    if (forger_.bytes().size() > 150'000 && below(20) == 0) begin_segment();
    const int choice = below(20);
    if (sessions_.empty() || choice == 0) return log_in();
    auto session = sessions_.begin();
    std::advance(session, below(sessions_.size()));
    if (choice == 1) return end(session->first);
    if (choice == 2) return refuse_some(session->first);
    if (choice < 11 || session->second.waiting.empty()) return decide(session->first);
    answer(session->first);
  }

  void log_in() {
    SessionRecord record = session("login", next_session_);
    record.agent = one_of(kAgents);
    record.login = record.agent + "_login";
    record.owner = one_of(kOwners);
    sessions_[next_session_++].agent = record.agent;
    add(record);
  }

  void end(std::uint64_t number) {
    SessionRecord record = session("end", number);
    record.agent = sessions_[number].agent;
    add(record);
    sessions_.erase(number);
  }

  void refuse_some(std::uint64_t number) {
    add(CountedRecord{number, 1 + random_() % 1'000, sessions_[number].agent, one_of(kRules), "53400"});
  }

  EffectRecord effect(const std::string& outcome) {
    EffectRecord record{one_of(kActions), one_of(kTables), outcome, one_of(kRules), ""};
    if (below(2) == 0) record.route = "through view app.people";
    if (below(3) == 0) record.all_columns = true;
    for (int i = below(3); i > 0; --i) record.columns.push_back(one_of(kColumns));
    return record;
  }

  void decide(std::uint64_t number) {
    DecisionRecord record = decision("", number);
    record.agent = sessions_[number].agent;
    record.verdict = one_of(kVerdicts);
    record.message = one_of(std::vector<std::string>{"Query", "Parse", "Bind", "Execute"});
    record.kinds = {one_of(std::vector<std::string>{"SELECT", "UPDATE", "CREATE INDEX"})};
    record.rule = one_of(kRules);
    record.effects.clear();
    for (int i = below(4); i > 0; --i) record.effects.push_back(effect(record.verdict));
    if (!is_forwarded(record.verdict)) record.sqlstate = one_of(kStates);
    if (below(4) == 0) record.trace = one_of(kTraces);
    if (record.message == "Bind" && parsed_) {
      record.statement = parsed_;
    } else {
      record.text = text();
    }
    if (record.message == "Parse") parsed_ = forger_.next_index();
    if (is_forwarded(record.verdict)) sessions_[number].waiting.push_back(forger_.next_index());
    messages_[forger_.next_index()] = record.message;
    add(record);
  }

  void answer(std::uint64_t number) {
    auto& waiting = sessions_[number].waiting;
    const auto at = waiting.begin() + below(waiting.size());
    const std::string result =
        one_of(std::vector<std::string>{"ok", "ok", "error", "suspended", "rolled back", "unknown"});
    OutcomeRecord record = outcome(*at, number, result);
    record.rows = random_() % 50;
    record.bytes = record.rows * 10;
    if (result == "error") record.sqlstate = one_of(kStates);
    const bool is_final = messages_[*at] != "Bind" && result != "suspended";
    if (is_final || below(4) == 0) waiting.erase(at);
    add(record);
  }

  // Words of filters stand in texts, too, where they must not count.
  std::string text() {
    std::string out = "select \"agent\":\"bot\", ,\"t\":\"outcome\" \\ \"verdict\":\"deny\"";
    for (int i = below(200); i > 0; --i) out += one_of(kTables) + one_of(kColumns);
    if (below(5) == 0) return out;
    return "select " + std::to_string(random_()) + std::string(random_() % 900, 'x');
  }

  template <class What>
  void add(const What& what) {
    latest_ += below(300'000);
    forger_.micros = latest_ - (below(3) == 0 ? below(4'900'000) : 0);
    const auto begin = forger_.bytes().size();
    if constexpr (std::is_same_v<What, Draft>) {
      forger_.add(what, true);  // its time is in it already
    } else {
      forger_.add(Record(what), below(3) != 0);
    }
    lines_.push_back(forger_.bytes().substr(begin, forger_.bytes().size() - begin - 1));
    times_.push_back(forger_.micros);
  }

  void begin_segment() {
    if (!lines_.empty()) save();
    first_ = forger_.next_index();
    forger_.begin_segment();
    forger_.micros = latest_;
    add(segment_draft(forger_.context(), boot_));
  }
  void save() const { forger_.save(directory_, first_); }

  std::filesystem::path directory_;
  std::mt19937 random_;
  Forger forger_;
  std::vector<std::string> lines_;
  std::vector<std::int64_t> times_;
  std::string boot_ = "b0";
  std::int64_t latest_ = 1'790'000'000'000'000;
  std::map<std::uint64_t, Open> sessions_;
  std::map<std::uint64_t, std::string> messages_;  // of each decision
  std::uint64_t next_session_ = 1, first_ = 0;
  std::optional<std::uint64_t> parsed_;
  bool crashed_ = false;
};

}  // namespace portcullis::audit::testing
