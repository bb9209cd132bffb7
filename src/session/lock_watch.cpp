#include "session/lock_watch.hpp"

#include "shadow/comparison.hpp"
#include "shadow/quote.hpp"

namespace portcullis::session {

using base::Error;
using base::Result;

namespace {

// Which statement of a round asks what, from the first of this.
constexpr std::size_t kTimeout = 0, kHeld = 1, kBaseline = 2, kCounters = 3;

// Sets it for the transaction, where the client's own is not stricter; 0 stands for none. Tells what was, and
// what is now.
std::string set_timeout(std::chrono::milliseconds most) {
  const std::string ms = std::to_string(most.count());
  return "SELECT o.own, pg_catalog.set_config('lock_timeout', CASE WHEN o.own::pg_catalog.int4 "
         "OPERATOR(pg_catalog.>) 0 AND o.own::pg_catalog.int4 OPERATOR(pg_catalog.<) " +
         ms + " THEN o.own ELSE '" + ms +
         "' END, true), o.own::pg_catalog.int4 OPERATOR(pg_catalog.>) 0 AND o.own::pg_catalog.int4 "
         "OPERATOR(pg_catalog.<) " +
         ms +
         " FROM (SELECT s.setting AS own FROM pg_catalog.pg_settings AS s WHERE s.name "
         "OPERATOR(pg_catalog.=) 'lock_timeout' OFFSET 0) AS o";
}

Error unexpected() {
  return {base::sqlstate::protocol_violation,
          "the database answered unexpectedly when it was asked for its locks"};
}

}  // namespace

const shadow::RunFacts* LockWatch::predicted() const noexcept {
  if (!duty_.is_one_statement || !duty_.report || duty_.report->statements.size() != 1) return nullptr;
  const auto& statement = duty_.report->statements.front();
  return statement.not_tried || statement.facts.failure ? nullptr : &statement.facts;
}

std::vector<std::string> LockWatch::opening() const {
  std::vector<std::string> statements{set_timeout(duty_.timeout.most)};
  const auto* facts = predicted();
  if (facts == nullptr) return statements;
  statements.emplace_back(shadow::facts_query());
  statements.push_back(shadow::baseline_query(facts->relations));
  statements.push_back(counters_.query());
  return statements;
}

Result<void> LockWatch::take_opening(const OwnRound& round, std::size_t first) {
  const auto& timeout = round.rows(first + kTimeout);
  if (timeout.size() != 1 || timeout[0].size() != 3 || !timeout[0][0] || !timeout[0][2]) return unexpected();
  own_timeout_ = *timeout[0][0];
  is_armed_ = timeout[0][2] == "f";
  if (predicted() == nullptr) return {};
  auto held = shadow::Held::read(round.rows(first + kHeld));
  if (!held) return held.error();
  auto baseline = shadow::Baseline::read(round.rows(first + kBaseline));
  if (!baseline) return baseline.error();
  held_rows_ = round.rows(first + kHeld);
  held_ = std::move(*held);
  baseline_ = std::move(*baseline);
  return counters_.take(round.rows(first + kCounters));
}

std::vector<std::string> LockWatch::closing(bool goes_on) const {
  std::vector<std::string> statements;
  if (predicted() != nullptr) statements.emplace_back(shadow::facts_query());
  if (goes_on)
    statements.push_back("SELECT pg_catalog.set_config('lock_timeout', " + shadow::literal(own_timeout_) +
                         ", true)");
  return statements;
}

Result<void> LockWatch::take_closing(const OwnRound& round, std::size_t first) {
  const auto* facts = predicted();
  if (facts == nullptr) return {};
  const auto before = shadow::read_facts(held_rows_, baseline_, {}, counters_);
  const auto behind = shadow::read_facts(round.rows(first), baseline_, held_, counters_);
  if (!before || !behind) return unexpected();
  differences_ = shadow::differences(facts->relations, *behind, *before);
  return {};
}

}  // namespace portcullis::session
