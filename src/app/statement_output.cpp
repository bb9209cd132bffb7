#include "app/statement_output.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "app/text_table.hpp"
#include "audit/read.hpp"
#include "base/encoding.hpp"
#include "base/utf8.hpp"

namespace portcullis::app {
namespace {

using Json = nlohmann::json;
using audit::Statement;
using audit::StatementEffect;
using audit::StatementOutcome;

constexpr std::size_t kShownText = 60, kShownEffects = 80;

void put(Json& value, const char* key, const std::string& text) {
  if (!text.empty()) value[key] = text;
}

void put(Json& value, const char* key, const std::vector<std::string>& texts) {
  if (!texts.empty()) value[key] = texts;
}

Json to_json(const StatementEffect& effect) {
  Json value{{"action", effect.action}, {"outcome", effect.outcome}};
  put(value, "object", effect.object);
  put(value, "rule", effect.rule);
  put(value, "ground", effect.ground);
  put(value, "route", effect.route);
  put(value, "columns", effect.columns);
  if (effect.all_columns) value["all_columns"] = true;
  return value;
}

Json to_json(const StatementOutcome& outcome) {
  Json value{{"record", outcome.index},  {"time", audit::time_text(outcome.micros)},
             {"result", outcome.result}, {"duration", outcome.duration},
             {"rows", outcome.rows},     {"bytes", outcome.bytes}};
  put(value, "sqlstate", outcome.sqlstate);
  put(value, "limit", outcome.limit);
  put(value, "tags", outcome.tags);
  put(value, "changed", outcome.changed);
  return value;
}

void put_session(Json& value, const Statement& statement) {
  value["session"] = statement.session;
  if (!statement.who) return;
  put(value, "owner", statement.who->owner);
  put(value, "login", statement.who->login);
  put(value, "client", statement.who->client);
  put(value, "application", statement.who->application);
  put(value, "database", statement.who->database);
  value["login_record"] = statement.who->index;
}

// "select app.orders(id, total)"
std::string effect_text(const StatementEffect& effect) {
  std::string text = effect.action;
  if (!effect.object.empty()) text += ' ' + effect.object;
  if (!effect.columns.empty()) text += '(' + joined(effect.columns) + ')';
  if (effect.all_columns) text += "(*)";
  if (!effect.route.empty()) text += ' ' + effect.route;
  return text;
}

std::string listed(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : "; ") + item;
  return text;
}

std::uint64_t duration_of(const Statement& statement) {
  std::uint64_t longest = 0;
  for (const auto& outcome : statement.outcomes) longest = std::max(longest, outcome.duration);
  return longest;
}

// Of all outcomes, in their order.
template <class Texts>
std::vector<std::string> all_of(const Statement& statement, const Texts& texts_of) {
  std::vector<std::string> all;
  for (const auto& outcome : statement.outcomes) {
    for (const std::string& text : texts_of(outcome)) {
      if (!text.empty()) all.push_back(text);
    }
  }
  return all;
}

bool looks_like_formula(std::string_view cell) {
  return !cell.empty() && std::string_view("=+-@\t\r").find(cell.front()) != std::string_view::npos;
}

}  // namespace

std::string to_json_line(const Statement& statement) {
  Json value{{"record", statement.index},
             {"time", audit::time_text(statement.micros)},
             {"message", statement.message},
             {"verdict", statement.verdict},
             {"result", std::string(statement.result())}};
  put_session(value, statement);
  put(value, "agent", statement.agent);
  put(value, "role", statement.role);
  put(value, "rule", statement.rule);
  put(value, "sqlstate", statement.sqlstate);
  put(value, "reason", statement.reason);
  put(value, "policy", statement.policy);
  put(value, "catalog", statement.catalog);
  put(value, "dry_run", statement.dry_run);
  put(value, "trace", statement.trace);
  put(value, "said", statement.said);
  put(value, "text", statement.full_text());
  put(value, "kinds", statement.kinds);
  put(value, "parameters", statement.parameters);
  if (statement.count != 1) value["count"] = statement.count;
  if (statement.parsed_at) value["statement"] = *statement.parsed_at;
  value["effects"] = Json::array();
  for (const auto& effect : statement.effects) value["effects"].push_back(to_json(effect));
  value["outcomes"] = Json::array();
  for (const auto& outcome : statement.outcomes) value["outcomes"].push_back(to_json(outcome));
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const std::vector<std::string>& csv_columns() {
  static const std::vector<std::string> columns{
      "time",        "record", "session",   "agent",    "owner",      "login",       "client",
      "application", "role",   "database",  "message",  "verdict",    "result",      "rule",
      "sqlstate",    "kinds",  "effects",   "rows",     "bytes",      "duration_us", "tags",
      "changed",     "limit",  "reason",    "said",     "trace",      "policy",      "catalog",
      "dry_run",     "count",  "statement", "outcomes", "parameters", "text"};
  return columns;
}

std::vector<std::string> csv_cells(const Statement& statement) {
  using Texts = std::vector<std::string>;
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  const audit::SessionFacts unknown, &who = statement.who ? *statement.who : unknown;
  Texts effects, outcomes, sqlstates{statement.sqlstate};
  for (const auto& effect : statement.effects) effects.push_back(effect_text(effect));
  for (const auto& outcome : statement.outcomes) outcomes.push_back(number(outcome.index));
  std::string sqlstate = statement.sqlstate;
  if (sqlstate.empty())
    sqlstate = listed(all_of(statement, [](const StatementOutcome& one) { return Texts{one.sqlstate}; }));
  return {audit::time_text(statement.micros),
          number(statement.index),
          number(statement.session),
          statement.agent,
          who.owner,
          who.login,
          who.client,
          who.application,
          statement.role,
          who.database,
          statement.message,
          statement.verdict,
          std::string(statement.result()),
          statement.rule,
          sqlstate,
          listed(statement.kinds),
          listed(effects),
          number(statement.rows()),
          number(statement.bytes_given()),
          number(duration_of(statement)),
          listed(all_of(statement, [](const StatementOutcome& one) { return one.tags; })),
          listed(all_of(statement, [](const StatementOutcome& one) { return one.changed; })),
          listed(all_of(statement, [](const StatementOutcome& one) { return Texts{one.limit}; })),
          statement.reason,
          statement.said,
          statement.trace,
          statement.policy,
          statement.catalog,
          statement.dry_run,
          number(statement.count),
          statement.parsed_at ? number(*statement.parsed_at) : std::string{},
          listed(outcomes),
          listed(statement.parameters),
          statement.full_text()};
}

std::string csv_record(const std::vector<std::string>& cells) {
  std::string record;
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) record += ',';
    std::string safe = base::is_valid_utf8(cell) ? cell : "base64:" + base::to_base64(cell);
    if (looks_like_formula(safe)) safe.insert(0, 1, '\'');
    if (safe.find_first_of(",\"\r\n'") == std::string::npos) {
      record += safe;
      continue;
    }
    record += '"';
    for (const char c : safe) record.append(c == '"' ? 2 : 1, c);
    record += '"';
  }
  return record + "\r\n";
}

std::string effects_text(const Statement& statement) {
  std::vector<std::string> texts;
  for (const auto& effect : statement.effects) {
    std::string text = effect.object.empty() ? effect.action : effect.action + ' ' + effect.object;
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }
  return joined(texts.empty() ? statement.kinds : texts);
}

std::string outcome_text(const Statement& statement) {
  if (statement.outcomes.empty()) return statement.sqlstate;
  const StatementOutcome& last = statement.outcomes.back();
  if (!last.sqlstate.empty()) return last.sqlstate;
  return listed(last.changed.empty() ? last.tags : last.changed);
}

const std::vector<std::string>& table_columns() {
  static const std::vector<std::string> columns{"time",   "record", "agent", "owner",    "verdict",
                                                "result", "rows",   "what",  "statement"};
  return columns;
}

std::vector<std::string> table_cells(const Statement& statement) {
  const std::string outcome = outcome_text(statement);
  std::string result(statement.result());
  if (!outcome.empty()) result += ": " + outcome;
  const std::string what =
      statement.count > 1 ? std::to_string(statement.count) + " more of the kind" : effects_text(statement);
  return {audit::time_text(statement.micros),
          '#' + std::to_string(statement.index),
          audit::on_one_line(statement.agent),
          audit::on_one_line(statement.owner()),
          audit::on_one_line(statement.verdict),
          audit::on_one_line(result, kShownText),
          std::to_string(statement.rows()),
          audit::on_one_line(what, kShownEffects),
          audit::on_one_line(statement.full_text(), kShownText)};
}

}  // namespace portcullis::app
