#include "audit/statement.hpp"

#include <numeric>

#include "audit/entry_texts.hpp"
#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

std::uint64_t count(const EntryReader& entry, std::string_view key) {
  return static_cast<std::uint64_t>(entry.number(key).value_or(0));
}

std::vector<StatementEffect> effects_of(const EntryReader& entry) {
  std::vector<StatementEffect> effects;
  const JsonLine& json = entry.json();
  const auto* array = json.find(json.root(), "effects");
  if (array == nullptr) return effects;
  for (const auto* one = json.first_child(*array); one != nullptr; one = json.next(*one)) {
    effects.push_back({entry.text(*one, "action"), entry.text(*one, "object"), entry.text(*one, "outcome"),
                       entry.text(*one, "rule"), entry.text(*one, "ground"), entry.text(*one, "route"),
                       texts_of(entry, *one, "columns"), json.find(*one, "all_columns") != nullptr});
  }
  return effects;
}

void take_decision(const EntryReader& entry, Unsealer* keys, Statement& statement) {
  statement.message = entry.text("message");
  statement.verdict = entry.text("verdict");
  statement.role = entry.text("role");
  statement.reason = refusal_reason(entry, keys);
  statement.policy = entry.text("policy");
  statement.catalog = entry.text("catalog");
  statement.dry_run = entry.text("dry_run");
  statement.trace = entry.text("trace");
  statement.said = stated_reason(entry, keys);
  statement.kinds = texts_of(entry, entry.json().root(), "kinds");
  statement.parameters = parameter_texts(entry, keys);
  statement.effects = effects_of(entry);
  statement.text = statement_text(entry, keys);
  if (const auto parsed = entry.number("statement"))
    statement.parsed_at = static_cast<std::uint64_t>(*parsed);
}

}  // namespace

bool Statement::is_forwarded() const noexcept {
  return audit::is_forwarded(verdict);
}

std::string_view Statement::result() const noexcept {
  if (!outcomes.empty()) return outcomes.back().result;
  if (!is_forwarded()) return "refused";
  return message == "Parse" ? "prepared" : "unresolved";
}

std::uint64_t Statement::rows() const noexcept {
  return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const StatementOutcome& one) { return sum + one.rows; });
}

std::uint64_t Statement::bytes_given() const noexcept {
  return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const StatementOutcome& one) { return sum + one.bytes; });
}

Statement read_statement(const EntryReader& entry, Unsealer* keys) {
  Statement statement;
  statement.index = entry.index();
  statement.micros = entry.micros();
  statement.session = count(entry, "session");
  statement.agent = entry.text("agent");
  statement.rule = entry.text("rule");
  statement.sqlstate = entry.text("sqlstate");
  statement.leaf = leaf_hash(entry.line());
  statement.bytes = entry.line().size();
  if (entry.type() == EntryType::decision) {
    take_decision(entry, keys, statement);
  } else {
    statement.message = "counted";
    statement.verdict = "deny";
    statement.count = count(entry, "count");
  }
  return statement;
}

StatementOutcome read_outcome(const EntryReader& entry) {
  StatementOutcome outcome;
  outcome.index = entry.index();
  outcome.micros = entry.micros();
  outcome.result = entry.text("result");
  outcome.sqlstate = entry.text("sqlstate");
  outcome.limit = entry.text("limit");
  outcome.status = entry.text("status");
  outcome.tags = texts_of(entry, entry.json().root(), "tags");
  outcome.changed = texts_of(entry, entry.json().root(), "changed");
  outcome.duration = count(entry, "duration");
  outcome.rows = count(entry, "rows");
  outcome.bytes = count(entry, "bytes");
  outcome.leaf = leaf_hash(entry.line());
  return outcome;
}

}  // namespace portcullis::audit
