#include "replay/learn.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "audit/read.hpp"
#include "replay/learnt_policy.hpp"
#include "replay/policy_book.hpp"

namespace portcullis::replay {
namespace {

using audit::EntryReader;
using audit::EntryType;
using policy::Outcome;

constexpr std::size_t kTextsOfShape = 3, kLongestTest = 500;
constexpr int kMostRounds = 200;

class Collector {
 public:
  Collector(const Window& window, bool denied, Lesson& lesson)
      : window_(window), denied_(denied), lesson_(lesson) {}

  void take(const EntryReader& entry) {
    if (entry.type() == EntryType::policy) return book_.take(entry);
    if (entry.type() != EntryType::decision || !window_.holds(entry.micros(), entry.text("agent"))) return;
    if (!is_wanted(entry)) return;
    ++lesson_.decisions;
    note_agent(entry);
    Shape& shape = shape_of(entry);
    shape.seen.add(entry.index());
    const auto text = entry.text("text");
    auto& texts = shape.texts;
    const bool fits = !text.empty() && text.size() <= kLongestTest && texts.size() < kTextsOfShape;
    if (fits && std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }

 private:
  [[nodiscard]] bool is_wanted(const EntryReader& entry) const {
    const auto verdict = entry.text("verdict");
    if (verdict == policy::name(Outcome::allow) || verdict == policy::name(Outcome::would_deny)) return true;
    return denied_ && entry.has("effects");
  }

  // Who it is says the policy that was in force; a name that this does not have is its own login.
  void note_agent(const EntryReader& entry) {
    const auto name = entry.text("agent");
    const auto [agent, is_new] = lesson_.agents.try_emplace(name);
    const auto* policy = book_.find(entry.text("policy"));
    const auto* known = policy == nullptr ? nullptr : policy->agent_by_name(name);
    if (known != nullptr) {
      agent->second.login = known->login;
      agent->second.owner = known->owner;
    } else if (is_new) {
      agent->second.login = name;
    }
  }

  Shape& shape_of(const EntryReader& entry) {
    const auto& json = entry.json();
    const auto part = [&](std::string_view key) {
      const auto* value = json.find(json.root(), key);
      return value == nullptr ? std::string() : std::string(json.raw(*value));
    };
    const std::string key = entry.text("agent") + '\n' + part("effects") + '\n' +
                            (part("kinds").empty() ? "" : "k") + entry.text("verdict") +
                            (entry.has("catalog") ? "c" : "");
    const auto [found, is_new] = places_.try_emplace(key, lesson_.shapes.size());
    if (is_new) lesson_.shapes.push_back({past_decision(entry), {}, {}, {}});
    return lesson_.shapes[found->second];
  }

  const Window& window_;
  bool denied_;
  Lesson& lesson_;
  PolicyBook book_;
  std::map<std::string, std::size_t> places_;
};

std::optional<policy::PolicySet> load(const Lesson& lesson) {
  auto loaded = policy::PolicySet::load(bare_policy_text(lesson));
  if (!loaded.policy) return std::nullopt;
  return std::move(loaded.policy);
}

// What the policy refuses of the shape; nothing where all of it is allowed.
std::vector<const policy::EffectDecision*> refused_in(const policy::Decision& decision) {
  std::vector<const policy::EffectDecision*> refused;
  for (const auto& effect : decision.effects) {
    if (effect.outcome != Outcome::allow) refused.push_back(&effect);
  }
  return refused;
}

policy::Decision judged(const policy::PolicySet& policy, const Shape& shape) {
  const auto known = policy.bind(shape.past.known);
  return policy.evaluate(shape.past.resolution, {shape.past.agent}, &known);
}

// In this order, for much of what comes later follows what was opened before.
enum class Stage { written, called, brought_about };

Stage stage_of(const catalog::ResolvedEffect& resolved) {
  if (resolved.via != catalog::Via::written) return Stage::brought_about;
  return resolved.effect.action == sql::Action::execute_function ? Stage::called : Stage::written;
}

// True where something came to it.
bool grant_more(Lesson& lesson, const policy::PolicySet& policy, Stage stage) {
  bool has_grown = false;
  for (const auto& shape : lesson.shapes) {
    if (!shape.beyond.empty() || !shape.past.unclear.empty()) continue;
    auto& grants = lesson.agents[shape.past.agent].grants;
    const auto decision = judged(policy, shape);
    std::set<std::size_t> closed;
    for (const auto* refused : refused_in(decision)) {
      const auto& resolved = shape.past.resolution.effects[refused->index];
      closed.insert(refused->index);
      // What brings it about comes first: it may follow that.
      const bool waits = resolved.cause >= 0 && closed.contains(static_cast<std::size_t>(resolved.cause));
      if (!waits && stage_of(resolved) == stage &&
          grant(shape.past, refused->index, *refused, grants).empty())
        has_grown = true;
    }
  }
  return has_grown;
}

std::string why_not(const Shape& shape, const policy::PolicySet& policy) {
  if (!shape.beyond.empty()) return shape.beyond;
  if (!shape.past.unclear.empty()) return shape.past.unclear;
  const bool was_judged = !shape.past.effects.empty() || shape.past.verdict == Outcome::allow;
  if (!was_judged) return "it was not understood";
  const auto decision = judged(policy, shape);
  if (decision.outcome == Outcome::allow) return {};
  const auto* decisive = decision.decisive();
  return decisive == nullptr ? "it is refused" : decisive->reason;
}

// The policy that allows as much as any can.
base::Result<policy::PolicySet> opened(Lesson& lesson) {
  for (int round = 0; round < kMostRounds; ++round) {
    auto policy = load(lesson);
    if (!policy)
      return base::Error{base::sqlstate::internal_error,
                         "what was learnt is no policy: " + bare_policy_text(lesson)};
    const bool has_grown = grant_more(lesson, *policy, Stage::written) ||
                           grant_more(lesson, *policy, Stage::called) ||
                           grant_more(lesson, *policy, Stage::brought_about);
    if (!has_grown) return *std::move(policy);
  }
  return base::Error{base::sqlstate::program_limit_exceeded,
                     "no policy was found that allows what was done: take a smaller window"};
}

// Whether some of it is refused still that was not known to be.
bool set_aside(Lesson& lesson, const policy::PolicySet& policy) {
  bool has_any = false;
  for (auto& shape : lesson.shapes) {
    if (!shape.beyond.empty()) continue;
    shape.beyond = why_not(shape, policy);
    has_any = has_any || !shape.beyond.empty();
  }
  return has_any;
}

}  // namespace

base::Result<Lesson> learn(const std::filesystem::path& log, const Window& window, bool denied) {
  Lesson lesson;
  Collector collector(window, denied, lesson);
  const auto read = audit::for_each_entry(log, {}, [&](const EntryReader& entry) {
    collector.take(entry);
    return true;
  });
  if (!read) return read.error();
  if (lesson.agents.empty()) return lesson;
  // What one statement needs that stays refused nevertheless, no other may need.
  for (bool is_whole = false; !is_whole;) {
    for (auto& [name, agent] : lesson.agents) agent.grants = {};
    const auto policy = opened(lesson);
    if (!policy) return policy.error();
    is_whole = !set_aside(lesson, *policy);
    lesson.beyond = not_allowed(lesson, *policy);
  }
  return lesson;
}

std::map<Untold, Evidence> not_allowed(const Lesson& lesson, const policy::PolicySet& policy) {
  std::map<Untold, Evidence> found;
  for (const auto& shape : lesson.shapes) {
    const auto why = why_not(shape, policy);
    if (why.empty()) continue;
    auto& evidence = found[{shape.past.agent, why}];
    const auto first = *shape.seen.some.begin();
    evidence.first = evidence.count == 0 ? first : std::min(evidence.first, first);
    evidence.last = std::max(evidence.last, shape.seen.last);
    evidence.count += shape.seen.count;
  }
  return found;
}

}  // namespace portcullis::replay
