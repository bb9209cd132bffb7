// `portcullis audit report outliers`: what an agent had never done before. Three rules that can be explained,
// and no score.
#include <array>

#include "app/audit_report_parts.hpp"

namespace portcullis::app {
namespace {

using audit::Statement;

constexpr std::int64_t kHour = 3'600'000'000;
// Of an hour to stand out: so many rows, and so many times the most of any hour before.
constexpr std::uint64_t kLeastRows = 1'000, kTimes = 3;
// Of a time of day: so many statements must be known, of which fewer than one in a hundred fell into it.
constexpr std::uint64_t kLeastKnown = 100, kRareOneIn = 100;

class OutliersReport final : public AuditReport {
 public:
  explicit OutliersReport(const ReportScope& scope)
      : since_(scope.since),
        relations_("new relations",
                   statement_columns({"action", "relation", "verdict", "result", "statement"}), scope.rows),
        rows_(scope.rows) {}

  bool take(const Statement& statement) override {
    if (statement.result() == "prepared" || statement.message == "counted") return false;
    Agent* const agent = agent_of(statement.agent);
    if (agent == nullptr) return false;
    const bool is_new = statement.micros >= since_;
    const bool is_known_from_before = agent->known > 0;
    if (is_new) note_relations(statement, is_known_from_before);
    learn(statement, *agent, is_new);
    return is_new;
  }

  std::vector<ReportTable> tables() const override {
    return {relations_.table(), volumes(), hours(), agents()};
  }
  std::vector<std::string> remarks() const override {
    std::vector<std::string> remarks{
        "all before " + audit::time_text(since_) + " that the log has is what it is compared with",
        "new relation: the agent touched it for the first time, refused attempts included",
        "much in an hour: at least " + std::to_string(kLeastRows) +
            " rows given to the agent, and more than " + std::to_string(kTimes) +
            " times the most of any hour before",
        "unusual hour: a time of day (UTC) that fewer than one in " + std::to_string(kRareOneIn) +
            " of its statements before fell into, of at least " + std::to_string(kLeastKnown),
        "an agent without any statement before is listed as new, and its relations are not"};
    if (passed_over_ > 0)
      remarks.push_back(
          std::to_string(passed_over_) +
          " things were not told apart any more, since there are too many agents or relations: ask "
          "for one agent");
    return remarks;
  }

 private:
  struct Agent {
    std::uint64_t known = 0, fresh = 0;  // statements before, and since
    std::uint64_t most_rows = 0;         // of an hour before
    std::int64_t hour = -1;              // that is counted now
    std::uint64_t rows = 0;              // of it
    std::map<std::int64_t, std::uint64_t> fresh_rows{};
    std::array<std::uint64_t, 24> known_hours{}, fresh_hours{};
  };
  static constexpr std::size_t kMostAgents = 2'000, kMostRelations = 100'000;

  Agent* agent_of(const std::string& name) {
    const auto found = agents_.find(name);
    if (found != agents_.end()) return &found->second;
    if (agents_.size() < kMostAgents) return &agents_[name];
    ++passed_over_;
    return nullptr;
  }

  void note_relations(const Statement& statement, bool is_known_from_before) {
    for (const auto& effect : statement.effects) {
      if (effect.object.empty() || seen_.contains({statement.agent, effect.object})) continue;
      if (!remember({statement.agent, effect.object}) || !is_known_from_before) continue;
      if (relations_.has_room())
        relations_.add(statement_row(statement, {effect.action, effect.object, statement.verdict,
                                                 result_text(statement), short_text(statement)}));
    }
  }

  void learn(const Statement& statement, Agent& agent, bool is_new) {
    for (const auto& effect : statement.effects) {
      if (!effect.object.empty()) (void)remember({statement.agent, effect.object});
    }
    const auto hour_of_day = static_cast<std::size_t>(statement.micros / kHour % 24);
    const std::int64_t hour = statement.micros / kHour;
    if (is_new) {
      ++agent.fresh;
      ++agent.fresh_hours[hour_of_day];
      if (agent.fresh_rows.size() < kMostGroups || agent.fresh_rows.contains(hour))
        agent.fresh_rows[hour] += statement.rows();
      return;
    }
    ++agent.known;
    ++agent.known_hours[hour_of_day];
    if (hour != agent.hour) agent.rows = 0;
    agent.hour = hour;
    agent.rows += statement.rows();
    agent.most_rows = std::max(agent.most_rows, agent.rows);
  }

  bool remember(const std::pair<std::string, std::string>& relation) {
    if (seen_.contains(relation)) return true;
    if (seen_.size() == kMostRelations) {
      ++passed_over_;
      return false;
    }
    seen_.insert(relation);
    return true;
  }

  // Adds to a table, as long as it has room.
  void add(ReportTable& table, std::vector<Cell> row) const {
    if (table.rows.size() < rows_) {
      table.rows.push_back(std::move(row));
    } else {
      ++table.more;
    }
  }

  ReportTable volumes() const {
    ReportTable table{"much in an hour", {"agent", "hour", "rows", "most before"}, {}, 0};
    for (const auto& [name, agent] : agents_) {
      if (agent.known == 0) continue;
      for (const auto& [hour, rows] : agent.fresh_rows) {
        if (rows >= kLeastRows && rows > kTimes * agent.most_rows)
          add(table, {name, audit::time_text(hour * kHour), rows, agent.most_rows});
      }
    }
    return table;
  }

  ReportTable hours() const {
    ReportTable table{"unusual hours", {"agent", "hour of day", "statements", "before", "of"}, {}, 0};
    for (const auto& [name, agent] : agents_) {
      if (agent.known < kLeastKnown) continue;
      for (std::size_t hour = 0; hour < agent.fresh_hours.size(); ++hour) {
        if (agent.fresh_hours[hour] > 0 && agent.known_hours[hour] * kRareOneIn < agent.known)
          add(table, {name, std::to_string(hour) + ":00 UTC", agent.fresh_hours[hour],
                      agent.known_hours[hour], agent.known});
      }
    }
    return table;
  }

  ReportTable agents() const {
    ReportTable table{"new agents", {"agent", "statements"}, {}, 0};
    for (const auto& [name, agent] : agents_) {
      if (agent.known == 0 && agent.fresh > 0) add(table, {name, agent.fresh});
    }
    return table;
  }

  const std::int64_t since_;
  Listing relations_;
  std::size_t rows_;
  std::map<std::string, Agent> agents_;
  std::set<std::pair<std::string, std::string>> seen_;
  std::uint64_t passed_over_ = 0;
};

}  // namespace

std::unique_ptr<AuditReport> make_outliers_report(const ReportScope& scope) {
  return std::make_unique<OutliersReport>(scope);
}

}  // namespace portcullis::app
