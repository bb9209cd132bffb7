// However a statement is written, the verdict on it is the same: comments, white space, case, quoting,
// parentheses, aliases change nothing at all; statements around it change nothing of what decides it.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "guard/guard.hpp"
#include "tests/support/big_stack.hpp"
#include "tests/unit/judgement/judged_shop.hpp"
#include "tests/unit/judgement/variants.hpp"

namespace portcullis::testing {
namespace {

struct Line {
  std::string verdict, marked;
};

std::vector<Line> lines() {
  std::ifstream in(PORTCULLIS_JUDGED_STATEMENTS);
  std::vector<Line> all;
  for (std::string line; std::getline(in, line);) {
    const std::size_t bar = line.find(" | ");
    if (line.starts_with('#') || bar == std::string::npos) continue;
    all.push_back({line.substr(0, bar), line.substr(bar + 3)});
  }
  return all;
}

class Metamorphic : public ::testing::Test {
 protected:
  Metamorphic() {
    auto loaded = policy::PolicySet::load(kJudgedPolicy);
    if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "policy"));
    policy_ = std::make_shared<const policy::PolicySet>(std::move(*loaded.policy));
    guard_.emplace(policy_, std::make_shared<const policy::Bound>(policy_->bind(*snapshot_)));
  }

  [[nodiscard]] guard::Verdict judge(const std::string& text) const {
    const auto facts = analyze_on_big_stack(text);
    if (!facts) return guard::Guard::refuse(facts.error());
    return guard_->decide(*facts,
                          {.agent = "bot", .names = &names_, .snapshot = snapshot_.get(), .text = text});
  }

  const std::shared_ptr<const catalog::Snapshot> snapshot_ = judged_shop();
  const catalog::NameSpace names_{{"app", "public"}};
  std::shared_ptr<const policy::PolicySet> policy_;
  std::optional<guard::Guard> guard_;
};

std::string text_of(const policy::EffectDecision& effect) {
  std::string text = std::string(policy::name(effect.outcome)) + " by " + effect.rule + ' ' +
                     std::string(policy::name(effect.ground)) + ": " + std::string(sql::name(effect.action)) +
                     ' ' + sql::to_text(effect.object) + (effect.all_columns ? "(*" : "(");
  for (const std::string& column : effect.columns) text += ' ' + column;
  return text + ") " + effect.route;
}

// In any order, each once: where an effect stands in the text is another matter.
std::set<std::string> effects_of(const guard::Verdict& verdict) {
  std::set<std::string> all;
  for (const auto& effect : verdict.decision.effects) all.insert(text_of(effect));
  return all;
}

// Which effect decides, and by what.
std::string decisive_of(const guard::Verdict& verdict) {
  const auto* decisive = verdict.decision.decisive();
  if (verdict.allowed() || decisive == nullptr) return std::string(policy::name(verdict.outcome));
  return std::string(policy::name(decisive->outcome)) + " by " + decisive->rule + ' ' +
         std::string(policy::name(decisive->ground)) + ": " + std::string(sql::name(decisive->action)) + ' ' +
         sql::to_text(decisive->object) + ' ' + decisive->route;
}

std::string told(const guard::Verdict& verdict) {
  std::string text = verdict.refusal ? verdict.refusal->message : "";
  for (const std::string& effect : effects_of(verdict)) text += "\n    " + effect;
  return text;
}

TEST_F(Metamorphic, TheVerdictsAreThoseWritten) {
  std::size_t allowed = 0;
  for (const Line& line : lines()) {
    const auto verdict = judge(plain(line.marked));
    const auto* decisive = verdict.decision.decisive();
    const bool by_rule = decisive != nullptr && decisive->rule == line.verdict;
    const bool by_ground = decisive != nullptr && policy::name(decisive->ground) == line.verdict;
    EXPECT_TRUE(verdict.allowed() ? line.verdict == "allow" : by_rule || by_ground)
        << line.verdict << " | " << line.marked << "\n  " << told(verdict);
    allowed += verdict.allowed() ? 1 : 0;
  }
  EXPECT_GE(allowed, 40u);
  EXPECT_GE(lines().size() - allowed, 40u);
}

TEST_F(Metamorphic, AnotherSpellingChangesNothing) {
  std::size_t tried = 0;
  for (const Line& line : lines()) {
    const auto expected = judge(plain(line.marked));
    for (const Variant& variant : same_statement(line.marked)) {
      const auto verdict = judge(variant.text);
      EXPECT_EQ(verdict.outcome, expected.outcome) << variant.how << ": " << variant.text;
      EXPECT_EQ(effects_of(verdict), effects_of(expected))
          << variant.how << ": " << variant.text << told(verdict);
      ++tried;
    }
  }
  EXPECT_GT(tried, 1'500u);
}

TEST_F(Metamorphic, AStatementAroundItChangesNothingOfWhatDecides) {
  std::size_t tried = 0;
  for (const Line& line : lines()) {
    const std::string text = plain(line.marked);
    const auto facts = analyze_on_big_stack(text);
    ASSERT_TRUE(facts) << text;
    const auto expected = judge(text);
    for (const Wrapped& one : wrapped(line.marked, facts->statements.at(0).kind)) {
      const auto verdict = judge(one.text);
      EXPECT_EQ(decisive_of(verdict), decisive_of(expected))
          << one.how << ": " << one.text << "\n  " << told(verdict);
      ++tried;
    }
  }
  EXPECT_GT(tried, 1'000u);
}

}  // namespace
}  // namespace portcullis::testing
