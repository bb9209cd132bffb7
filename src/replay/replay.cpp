#include "replay/replay.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "audit/read.hpp"
#include "replay/judge_again.hpp"
#include "replay/pace.hpp"
#include "replay/policy_book.hpp"

namespace portcullis::replay {
namespace {

using audit::EntryReader;
using audit::EntryType;
using policy::Outcome;

std::size_t at(Outcome outcome) noexcept {
  return static_cast<std::size_t>(outcome);
}

// Of the effects then the one that the refusal spoke of: protections before all else, as
// Decision::decisive().
std::size_t decisive_then(const PastDecision& past) {
  const auto speaks = [&](const PastEffect& effect) { return effect.outcome == policy::name(past.verdict); };
  const auto found = std::find_if(past.effects.begin(), past.effects.end(), [&](const PastEffect& effect) {
    return speaks(effect) && effect.ground == policy::name(policy::Ground::protection);
  });
  const auto first =
      found != past.effects.end() ? found : std::find_if(past.effects.begin(), past.effects.end(), speaks);
  return first == past.effects.end() ? 0 : static_cast<std::size_t>(first - past.effects.begin());
}

Change change_of(const PastDecision& past, const Answer& answer) {
  Change change{past.agent, past.verdict, answer.outcome, {}, {}, {}, {}, {}};
  const auto& effects = answer.decision.effects;
  std::optional<std::size_t> spoken;
  if (answer.outcome == Outcome::allow) {
    spoken = decisive_then(past);
  } else if (const auto* decisive = answer.decision.decisive()) {
    spoken = static_cast<std::size_t>(decisive - effects.data());
  }
  if (!spoken || *spoken >= past.effects.size()) {
    change.ground = "not understood";
    return change;
  }
  const auto& then = past.effects[*spoken];
  change.action = then.action;
  change.object = then.object;
  change.route = then.route;
  if (*spoken < effects.size()) {
    change.rule = effects[*spoken].rule;
    change.ground = policy::name(effects[*spoken].ground);
  }
  return change;
}

class Replay {
 public:
  Replay(const policy::PolicySet& policy, const policy::Bound* bound, const Window& window)
      : judge_(policy, bound), pace_(policy), window_(window) {}

  void take(const EntryReader& entry) {
    if (entry.type() == EntryType::policy) return book_.take(entry);
    pace_.take(entry);
    note_texts(entry);
    if (entry.type() == EntryType::decision && window_.holds(entry.micros(), entry.text("agent")))
      judge(past_decision(entry));
  }

  [[nodiscard]] Report take_report() { return std::move(report_); }

 private:
  // A Bind has no text by itself: whether texts were kept shows in what came before it.
  void note_texts(const EntryReader& entry) {
    if (entry.number("text_length").value_or(0) > 0) hides_texts_ = entry.text("text").empty();
  }

  void judge(PastDecision past) {
    ++report_.judged;
    past.has_text_left_out = past.has_text_left_out || (past.text.empty() && hides_texts_);
    const Answer answer = judge_.judge(past, book_.find(past.policy), pace_);
    if (answer.is_unread) {
      ++report_.unread;
    } else if (!answer.untold.empty()) {
      ++report_.untold;
      report_.why_untold[{past.agent, answer.untold}].add(past.index);
    } else if (answer.outcome == past.verdict) {
      ++report_.same[at(past.verdict)];
    } else {
      ++report_.newly[at(answer.outcome)];
      report_.changes[change_of(past, answer)].add(past.index);
    }
    for (const auto& rule : answer.may_stop) report_.may_stop[rule].add(past.index);
  }

  Judge judge_;
  Pace pace_;
  PolicyBook book_;
  const Window& window_;
  bool hides_texts_ = false;
  Report report_;
};

}  // namespace

bool Window::holds(std::int64_t micros, std::string_view agent) const {
  return micros >= since && micros < until &&
         (agents.empty() || std::find(agents.begin(), agents.end(), agent) != agents.end());
}

void Evidence::add(std::uint64_t record) {
  if (count++ == 0) first = record;
  last = record;
}

std::uint64_t Report::changed() const {
  return std::accumulate(newly.begin(), newly.end(), std::uint64_t{0});
}

base::Result<Report> replay(const std::filesystem::path& log, const policy::PolicySet& policy,
                            const catalog::Snapshot* snapshot, const Window& window) {
  std::optional<policy::Bound> bound;
  if (snapshot != nullptr) bound = policy.bind(*snapshot);
  Replay replay(policy, bound ? &*bound : nullptr, window);
  const auto read = audit::for_each_entry(log, {}, [&](const EntryReader& entry) {
    replay.take(entry);
    return true;
  });
  if (!read) return read.error();
  return replay.take_report();
}

}  // namespace portcullis::replay
