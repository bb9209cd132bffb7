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

struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr SizeUnit kSizes[] = {{"", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};

// A whole number without zeros in front; it is taken from the text.
std::optional<std::uint64_t> take_large_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || text.front() == '0') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
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

template <class Each>
void add_rates(std::vector<Each>& rates, const std::vector<Each>& more) {
  std::copy_if(more.begin(), more.end(), std::back_inserter(rates),
               [&](const Each& rate) { return std::find(rates.begin(), rates.end(), rate) == rates.end(); });
}

void lower(std::optional<std::uint32_t>& ceiling, const std::optional<std::uint32_t>& other) {
  if (other) ceiling = std::min(ceiling.value_or(*other), *other);
}

void add(AgentLimits& limits, const AgentLimits& entry) {
  add_rates(limits.statements, entry.statements);
  add_rates(limits.ddl, entry.ddl);
  add_rates(limits.same_statement_failures, entry.same_statement_failures);
  add_rates(limits.rows_returned, entry.rows_returned);
  add_rates(limits.bytes_returned, entry.bytes_returned);
  lower(limits.connections, entry.connections);
  lower(limits.concurrent, entry.concurrent);
}

std::vector<Volume> read_volume(LoadContext& context, ObjectReader& reader, std::string_view key,
                                bool bytes) {
  const JsonValue* value = reader.take(key);
  if (value == nullptr) return {};
  auto volume = value->kind == Kind::string ? parse_volume(value->string, bytes) : std::nullopt;
  if (volume) return {*std::move(volume)};
  context.complain(*value,
                   in_quotes(key) + " must be a string such as " +
                       (bytes ? "\"1GiB/day\" or \"64MiB/10min\"" : "\"50000/day\" or \"1000/10min\""));
  return {};
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
  entry.rows_returned = read_volume(context, reader, "rows_returned", false);
  entry.bytes_returned = read_volume(context, reader, "bytes_returned", true);
  reader.finish();
  return entry;
}

// What one statement may give back, by one rule.
ResultLimits read_results(LoadContext& context, ObjectReader& reader, const std::string& rule) {
  ResultLimits results;
  if (const auto rows = reader.take_integer("rows_returned", 1, kMostRows))
    results.rows = Ceiling{static_cast<std::uint64_t>(*rows), rule};
  if (const JsonValue* value = reader.take("bytes_returned")) {
    const auto bytes = value->kind == Kind::string ? parse_bytes(value->string) : std::nullopt;
    if (bytes) {
      results.bytes = Ceiling{*bytes, rule};
    } else {
      context.complain(*value,
                       "\"bytes_returned\" is no size: write a string such as \"16MiB\" or \"64KiB\"");
    }
  }
  if (const JsonValue* value = reader.take("time")) {
    const auto length = value->kind == Kind::string ? parse_time(value->string) : std::nullopt;
    if (length) {
      results.time = Ceiling{static_cast<std::uint64_t>(length->count()), rule};
    } else {
      context.complain(*value,
                       "\"time\" is no duration: write a string such as \"500ms\", \"30s\" or \"5min\", "
                       "up to 31d");
    }
  }
  if (const auto cost = reader.take_integer("cost", 1, kMostCost))
    results.cost = Ceiling{static_cast<std::uint64_t>(*cost), rule};
  return results;
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

std::optional<std::chrono::milliseconds> parse_time(std::string_view text) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::chrono::milliseconds(kLongestWindow).count());
  const auto number = take_large_number(text);
  if (!number || *number > kMost) return std::nullopt;
  if (text == "ms") return std::chrono::milliseconds(*number);
  const auto unit = length_of(text, kShort);
  if (!unit || *number > kMost / 1000 / static_cast<std::uint64_t>(unit->count())) return std::nullopt;
  return std::chrono::milliseconds(*unit) * *number;
}

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

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto number = take_large_number(text);
  const auto* unit =
      std::find_if(std::begin(kSizes), std::end(kSizes), [&](const SizeUnit& u) { return u.name == text; });
  if (!number || unit == std::end(kSizes) || *number > kMostVolume / unit->bytes) return std::nullopt;
  return *number * unit->bytes;
}

std::optional<Volume> parse_volume(std::string_view text, bool bytes) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto amount = text.substr(0, slash);
  const bool has_unit = !amount.empty() && (amount.back() < '0' || amount.back() > '9');
  const auto count = has_unit && !bytes ? std::nullopt : parse_bytes(amount);
  const auto window = parse_window(text.substr(slash + 1));
  if (!count || !window) return std::nullopt;
  return Volume{*count, *window, std::string(text)};
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

void read_rows_affected(LoadContext& context, ObjectReader& reader, const JsonValue& limits, Rule& rule) {
  const auto rows = reader.take_integer("rows_affected", 0, kMostRows);
  if (!rows) return;
  rule.rows_affected = static_cast<std::uint64_t>(*rows);
  const auto all = sql::all_actions();
  const bool counts = std::any_of(all.begin(), all.end(), [&](sql::Action action) {
    return rule.actions.contains(action) && may_change_rows(action);
  });
  if (counts) return;
  context.complain(
      *limits.find("rows_affected"),
      "\"rows_affected\" limits what changes rows, and the rule names no action that does: take it out");
}

void read_rule_limits(LoadContext& context, const JsonValue& limits, Rule& rule) {
  if (limits.kind != Kind::object || limits.members.empty()) {
    context.complain(limits, "a rule's limits are an object: write { \"rate\": \"5/hour\" }");
    return;
  }
  ObjectReader reader(limits, "a rule's \"limits\"", context.problems);
  rule.rate = read_rate(context, reader, "rate", kMostInRate);
  rule.results = read_results(context, reader, rule.id);
  read_rows_affected(context, reader, limits, rule);
  reader.finish();
}

}  // namespace portcullis::policy
