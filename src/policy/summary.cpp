// What an agent may do, in one line of a refusal.
#include <algorithm>
#include <string>

#include "policy/object_name.hpp"
#include "policy/rules.hpp"

namespace portcullis::policy {
namespace {

constexpr std::string_view kCut = "...";

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

// What protections leave of a rule's actions, where they cover all that a pattern names.
bool closed(const PolicyData& policy, const Rule& rule, const ObjectPattern& pattern) {
  ActionSet left = rule.actions;
  for (const auto& protection : policy.protections) {
    const auto covers = [&](const ObjectPattern& p) { return p.includes(pattern); };
    if (std::none_of(protection.on.begin(), protection.on.end(), covers)) continue;
    ActionSet excepted = left;
    excepted -= protection.except;
    left -= excepted;
  }
  return left.empty();
}

// What protections take out of what a pattern names: "app.users, app.customers(ssn)".
std::string exceptions(const PolicyData& policy, const Rule& rule, const ObjectPattern& pattern) {
  std::string text;
  for (const auto& protection : policy.protections) {
    ActionSet open = rule.actions;
    open -= protection.except;
    if (open.empty()) continue;
    for (const auto& inner : protection.on) {
      const bool inside = pattern.whole() && pattern.includes(inner) && !inner.includes(pattern);
      if (inside) text += (text.empty() ? "" : ", ") + to_text(inner);
    }
  }
  return text;
}

// The same done to something else is nearer than something else done to the same.
int likeness(const Rule& rule, const ObjectPattern& pattern, const EffectDecision& refused) {
  const bool same_action = rule.actions.contains(refused.action);
  const bool same_object = pattern.matches(refused.object);
  const bool same_schema = pattern.schema == refused.object.schema;
  return (same_action ? 4 : 0) + (same_object ? 2 : 0) +
         (same_schema && (same_action || same_object) ? 1 : 0);
}

std::string spoken(const PolicyData& policy, const Rule& rule, const ObjectPattern& pattern,
                   sql::Action action) {
  std::string text;
  if (rule.actions.contains(action)) {
    text = upper(sql::name(action));
  } else {
    for (const auto& word : rule.words) text += (text.empty() ? "" : ", ") + upper(word);
  }
  text += " on " + to_text(pattern);
  if (const std::string except = exceptions(policy, rule, pattern); !except.empty())
    text += " except " + except;
  if (rule.requires_where) text += " with WHERE";
  return rule.requires_reason ? text + " with a reason" : text;
}

// Objects of PostgreSQL's own are many, and agents look for them last.
std::vector<std::string> objects_of(const PolicyData& policy, const Rule& rule, bool catalogs) {
  std::vector<std::string> objects;
  for (const auto& pattern : rule.on) {
    if (is_catalog_schema(pattern.schema) != catalogs || closed(policy, rule, pattern)) continue;
    const std::string except = exceptions(policy, rule, pattern);
    objects.push_back(to_text(pattern) + (except.empty() ? "" : " except " + except));
  }
  return objects;
}

class Summary {
 public:
  explicit Summary(std::size_t limit) : limit_(limit) {}

  void add(const Rule& rule, const std::vector<std::string>& objects) {
    std::string words;
    for (const auto& word : rule.words) words += (words.empty() ? "" : ", ") + upper(word);
    if (!objects.empty()) words += " on " + objects.front();
    piece(text_.empty() ? "" : "; ", words);
    for (std::size_t i = 1; i < objects.size(); ++i) piece(", ", objects[i]);
    if (rule.requires_where) piece(" ", "with WHERE");
    if (rule.requires_reason) piece(" ", "with a reason");
  }

  std::string take() { return std::move(text_); }

 private:
  void piece(std::string_view separator, const std::string& words) {
    if (full_) return;
    // The last piece that fits must leave room for saying that there is more.
    full_ = text_.size() + separator.size() + words.size() + 1 + kCut.size() > limit_;
    if (!full_) {
      text_ += std::string(separator) + words;
    } else if (text_.size() + separator.size() + kCut.size() <= limit_) {
      text_ += std::string(separator) + std::string(kCut);
    }
  }

  std::size_t limit_;
  std::string text_;
  bool full_ = false;
};

}  // namespace

std::string summarize_allowed(const PolicyData& policy, std::string_view agent, std::size_t limit) {
  Summary summary(limit);
  const auto rules = policy.rules_of.find(agent);
  if (rules == policy.rules_of.end()) return {};
  for (const bool catalogs : {false, true}) {
    for (const std::size_t index : rules->second) {
      const Rule& rule = policy.rules[index];
      if (rule.outcome != Outcome::allow || rule.monitored) continue;
      const auto objects = objects_of(policy, rule, catalogs);
      const bool without_objects = rule.on.empty() && !catalogs;
      if (!objects.empty() || without_objects) summary.add(rule, objects);
    }
  }
  return summary.take();
}

std::string nearest_allowed(const PolicyData& policy, std::string_view agent, const EffectDecision& refused) {
  const auto rules = policy.rules_of.find(agent);
  if (rules == policy.rules_of.end()) return {};
  int best = 0;
  std::string nearest;
  for (const std::size_t index : rules->second) {
    const Rule& rule = policy.rules[index];
    if (rule.outcome != Outcome::allow || rule.monitored) continue;
    for (const auto& pattern : rule.on) {
      const int like = likeness(rule, pattern, refused);
      if (like <= best || closed(policy, rule, pattern)) continue;
      best = like;
      nearest = spoken(policy, rule, pattern, refused.action);
    }
  }
  return nearest;
}

}  // namespace portcullis::policy
