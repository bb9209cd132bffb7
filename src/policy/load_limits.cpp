// "limits" of the policy and of a rule: rates and ceilings, and for each agent what holds for it.
#include <algorithm>
#include <charconv>
#include <iterator>
#include <span>

#include "policy/load_context.hpp"
#include "policy/suggest.hpp"

namespace portcullis::policy {
namespace {

using Kind = JsonValue::Kind;
using std::chrono::seconds;

constexpr std::int64_t kMostConnections = 100'000;
constexpr std::int64_t kMostConcurrent = 10'000;

struct Unit {
  std::string_view name;
  seconds length;
};
constexpr Unit kWords[] = {
    {"second", seconds{1}}, {"minute", seconds{60}}, {"hour", seconds{3'600}}, {"day", seconds{86'400}}};
constexpr Unit kShort[] = {
    {"s", seconds{1}}, {"min", seconds{60}}, {"h", seconds{3'600}}, {"d", seconds{86'400}}};

// A whole number without zeros in front, from 1 to `most`; it is taken from the text.
std::optional<std::uint32_t> take_number(std::string_view& text, std::uint32_t most) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || text.front() == '0' || number > most) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<seconds> length_of(std::string_view name, std::span<const Unit> units) {
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
  return unit == units.end() ? std::nullopt : std::optional(unit->length);
}

std::optional<seconds> parse_window(std::string_view text) {
  if (const auto length = length_of(text, kWords)) return length;
  constexpr auto kMost = static_cast<std::uint32_t>(kLongestWindow.count());
  const auto number = take_number(text, kMost);
  const auto length = length_of(text, kShort);
  if (!number || !length || *number > kMost / length->count()) return std::nullopt;
  return *length * *number;
}

std::optional<Rate> read_rate(LoadContext& context, ObjectReader& reader, std::string_view key,
                              std::uint32_t most) {
  const JsonValue* value = reader.take(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind != Kind::string) {
    context.complain(*value, in_quotes(key) + " must be a string such as \"600/minute\" or \"3/10min\"");
    return std::nullopt;
  }
  auto rate = parse_rate(value->string);
  if (!rate) {
    context.complain(*value, in_quotes(value->string) +
                                 " is no rate: write a number from 1 to 1000000, \"/\" and second, minute, "
                                 "hour or day, or a number of s, min, h or d up to 31d, as in \"3/10min\"");
  } else if (rate->count > most) {
    context.complain(*value, in_quotes(key) + " can count to " + std::to_string(most) + " at most");
    return std::nullopt;
  }
  return rate;
}

std::optional<std::uint32_t> read_ceiling(ObjectReader& reader, std::string_view key, std::int64_t most) {
  const auto number = reader.take_integer(key, 1, most);
  return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

void add_rates(std::vector<Rate>& rates, const std::vector<Rate>& more) {
  std::copy_if(more.begin(), more.end(), std::back_inserter(rates),
               [&](const Rate& rate) { return std::find(rates.begin(), rates.end(), rate) == rates.end(); });
}

void lower(std::optional<std::uint32_t>& ceiling, const std::optional<std::uint32_t>& other) {
  if (other) ceiling = std::min(ceiling.value_or(*other), *other);
}

void add(AgentLimits& limits, const AgentLimits& entry) {
  add_rates(limits.statements, entry.statements);
  add_rates(limits.ddl, entry.ddl);
  add_rates(limits.same_statement_failures, entry.same_statement_failures);
  lower(limits.connections, entry.connections);
  lower(limits.concurrent, entry.concurrent);
}

std::vector<Rate> one_or_none(std::optional<Rate> rate) {
  return rate ? std::vector<Rate>{std::move(*rate)} : std::vector<Rate>{};
}

AgentLimits read_entry(LoadContext& context, const JsonValue& value) {
  AgentLimits entry;
  if (value.kind != Kind::object || value.members.empty()) {
    context.complain(value,
                     "limits are an object with at least one in it: write { \"statements\": "
                     "\"600/minute\" }");
    return entry;
  }
  ObjectReader reader(value, "\"limits\"", context.problems);
  entry.statements = one_or_none(read_rate(context, reader, "statements", kMostInRate));
  entry.ddl = one_or_none(read_rate(context, reader, "ddl", kMostInRate));
  entry.same_statement_failures =
      one_or_none(read_rate(context, reader, "same_statement_failures", kMostFailures));
  entry.connections = read_ceiling(reader, "connections", kMostConnections);
  entry.concurrent = read_ceiling(reader, "concurrent", kMostConcurrent);
  refuse_unenforced(context, reader, value, {"bytes_returned"});
  reader.finish();
  return entry;
}

// Who an entry is for. Nobody, with a problem, where its key names neither.
std::vector<std::string> members_of(LoadContext& context, const JsonValue::Member& member) {
  std::vector<std::string> agents, known(context.groups.begin(), context.groups.end());
  for (const Agent& agent : context.policy.agents) {
    const auto& groups = agent.groups;
    const bool in_group = std::find(groups.begin(), groups.end(), member.key) != groups.end();
    if (member.key == "*" || member.key == agent.name || in_group) agents.push_back(agent.name);
    known.push_back(agent.name);
  }
  if (!agents.empty() || member.key == "*") return agents;
  std::string why = "there is no agent or group " + in_quotes(member.key) +
                    did_you_mean(member.key, known, ": name it first, or write \"*\"");
  if (context.groups.contains(member.key)) {
    why = "group " + in_quotes(member.key) +
          " has no agents, so nothing is limited: put agents in it or take it out";
  }
  context.problems.push_back({member.line, member.column, std::move(why)});
  return agents;
}

}  // namespace

std::optional<Rate> parse_rate(std::string_view text) {
  Rate rate;
  rate.text = text;
  const auto count = take_number(text, kMostInRate);
  if (!count || !text.starts_with('/')) return std::nullopt;
  const auto window = parse_window(text.substr(1));
  if (!window) return std::nullopt;
  rate.count = *count;
  rate.window = *window;
  return rate;
}

void read_limits(LoadContext& context, const JsonValue* limits) {
  auto& agents = context.policy.limits.agents;
  for (const auto& [agent, rules] : context.policy.rules_of) {
    auto& own = agents[agent].rules;
    for (const std::size_t index : rules) {
      const Rule& rule = context.policy.rules[index];
      if (rule.rate && !rule.monitored) own.emplace(rule.id, *rule.rate);
    }
  }
  if (limits == nullptr) return;
  for (const auto& member : limits->members) {
    const auto entry = read_entry(context, member.value);
    for (const auto& agent : members_of(context, member)) add(agents[agent], entry);
  }
}

std::optional<Rate> read_rule_limits(LoadContext& context, const JsonValue& limits) {
  if (limits.kind != Kind::object || limits.members.empty()) {
    context.complain(limits, "a rule's limits are an object: write { \"rate\": \"5/hour\" }");
    return std::nullopt;
  }
  ObjectReader reader(limits, "a rule's \"limits\"", context.problems);
  auto rate = read_rate(context, reader, "rate", kMostInRate);
  refuse_unenforced(context, reader, limits,
                    {"rows_returned", "bytes_returned", "rows_affected", "cost", "time"});
  reader.finish();
  return rate;
}

}  // namespace portcullis::policy
