#include "guard/verdict_cache.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace portcullis::guard {
namespace {

// What a value takes up, roughly: it need only be bounded.
std::size_t bytes_of(const std::string& text) {
  return sizeof(text) + text.capacity();
}
std::size_t bytes_of(const sql::Name& name) {
  return bytes_of(name.database) + bytes_of(name.schema) + bytes_of(name.name);
}
std::size_t bytes_of(const std::optional<std::string>& text) {
  return sizeof(text) + (text ? text->capacity() : 0);
}

template <class Value>
std::size_t bytes_of(const std::vector<Value>& values);

std::size_t bytes_of(const sql::Effect& effect) {
  return sizeof(effect) + bytes_of(effect.object) + bytes_of(effect.columns) + bytes_of(effect.values) +
         bytes_of(effect.arguments) + (effect.added_column ? bytes_of(effect.added_column->column) : 0);
}
std::size_t bytes_of(const sql::Range& range) {
  return sizeof(range) + bytes_of(range.relation) + bytes_of(range.alias);
}
std::size_t bytes_of(const sql::ColumnUse& use) {
  return sizeof(use) + bytes_of(use.of) + bytes_of(use.column);
}
std::size_t bytes_of(const sql::StatementFacts& facts) {
  return sizeof(facts) + bytes_of(facts.kind) + bytes_of(facts.effects) + bytes_of(facts.ranges) +
         bytes_of(facts.column_uses) +
         facts.enclosing_levels.size() * sizeof(facts.enclosing_levels.front()) + bytes_of(facts.derived) +
         bytes_of(facts.operators) + bytes_of(facts.prepares) + bytes_of(facts.declares_cursor) +
         bytes_of(facts.executes) + bytes_of(facts.fetches);
}
std::size_t bytes_of(const policy::EffectDecision& effect) {
  return sizeof(effect) + bytes_of(effect.object) + bytes_of(effect.rule) + bytes_of(effect.reason) +
         bytes_of(effect.route) + bytes_of(effect.columns);
}

std::size_t bytes_of(const catalog::ResolvedEffect& effect) {
  return sizeof(effect) - sizeof(effect.effect) + bytes_of(effect.effect) + bytes_of(effect.through) +
         bytes_of(effect.arguments) + bytes_of(effect.body_hash) + bytes_of(effect.extension);
}
std::size_t bytes_of(const policy::RuleUse& use) {
  return sizeof(use) + bytes_of(use.rule);
}

template <class Value>
std::size_t bytes_of(const std::vector<Value>& values) {
  std::size_t sum = (values.capacity() - values.size()) * sizeof(Value);
  for (const auto& value : values) sum += bytes_of(value);
  return sum;
}

std::size_t bytes_of(const sql::Facts& facts, const Verdict& verdict) {
  return sizeof(verdict) + bytes_of(facts.statements) + bytes_of(verdict.decision.effects) +
         (verdict.resolution ? bytes_of(verdict.resolution->effects) : 0) + bytes_of(verdict.demand.rules);
}

// A refusal speaks of the place in the text, which is another one in each message that the facts come from.
// What the catalog lacks may be there in a moment.
bool lasts(const Verdict& verdict) {
  const auto& effects = verdict.decision.effects;
  return verdict.allowed() && !verdict.refusal &&
         std::none_of(effects.begin(), effects.end(),
                      [](const auto& effect) { return effect.ground == policy::Ground::missing; });
}

}  // namespace

void VerdictCache::judge_by(std::shared_ptr<const void> basis) {
  if (basis == basis_) return;
  clear();
  basis_ = std::move(basis);
}

void VerdictCache::clear() noexcept {
  young_.clear();
  old_.clear();
  young_bytes_ = 0;
}

std::shared_ptr<const Verdict> VerdictCache::decide(const Guard& guard,
                                                    const std::shared_ptr<const sql::Facts>& facts,
                                                    const Request& request) {
  ++asked_;
  if (auto found = find(facts.get())) {
    ++found_;
    return found;
  }
  auto verdict = std::make_shared<const Verdict>(guard.decide(*facts, request));
  // Without a basis nothing says when a verdict is out of date, and what nobody owns may go while it is the
  // key.
  const bool can_be_kept = basis_ != nullptr && facts.use_count() > 0;
  if (can_be_kept && lasts(*verdict)) put({facts, verdict, bytes_of(*facts, *verdict)});
  return verdict;
}

std::shared_ptr<const Verdict> VerdictCache::find(const sql::Facts* facts) {
  if (const auto found = young_.find(facts); found != young_.end()) return found->second.verdict;
  const auto found = old_.find(facts);
  if (found == old_.end()) return nullptr;
  auto node = old_.extract(found);
  const auto verdict = node.mapped().verdict;
  make_room(node.mapped().bytes);
  young_bytes_ += node.mapped().bytes;
  young_.insert(std::move(node));
  return verdict;
}

void VerdictCache::put(Entry entry) {
  if (entry.bytes > kMaxEntryBytes) return;
  make_room(entry.bytes);
  young_bytes_ += entry.bytes;
  const auto* key = entry.facts.get();
  young_.emplace(key, std::move(entry));
}

void VerdictCache::make_room(std::size_t bytes) {
  if (young_.size() < kMaxEntries && young_bytes_ + bytes <= kMaxBytes) return;
  old_ = std::exchange(young_, {});
  young_bytes_ = 0;
}

}  // namespace portcullis::guard
