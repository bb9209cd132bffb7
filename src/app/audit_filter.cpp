#include "app/audit_filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <nlohmann/json.hpp>

#include "app/moment.hpp"
#include "portcullis/policy/decision.hpp"
#include "portcullis/sql/action.hpp"

namespace portcullis::app {
namespace {

using Json = nlohmann::json;
using audit::EntryFilter;

base::Error wrong(std::string message) {
  return {.code = base::sqlstate::invalid_parameter_value, .message = std::move(message)};
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

bool is_verdict(std::string_view text) {
  using policy::Outcome;
  constexpr std::array kAll{Outcome::allow, Outcome::would_deny, Outcome::ask, Outcome::deny};
  return std::any_of(kAll.begin(), kAll.end(), [&](Outcome one) { return text == policy::name(one); });
}

base::Result<void> take_record(const std::string& text, EntryFilter& filter) {
  if (text.empty()) return {};
  const auto dash = text.find('-');
  const auto from = number_of(std::string_view(text).substr(0, dash));
  const auto to = dash == std::string::npos ? from : number_of(std::string_view(text).substr(dash + 1));
  if (!from || !to || *from > *to)
    return wrong("\"" + text + "\" is no record: give the index of an entry, or two as in 4711-4800");
  filter.from = *from;
  filter.to = *to;
  return {};
}

base::Result<void> take_words(const FilterOptions& options, EntryFilter& filter) {
  if (!options.type.empty()) {
    filter.type = audit::entry_type(options.type);
    if (!filter.type)
      return wrong("there are no entries of type \"" + options.type +
                   "\": give session, decision, outcome, counted, dry_run, policy, config, open, close, "
                   "recovered, heartbeat, anchor, key, erase, hold, read, export or segment");
  }
  if (!options.verdict.empty() && !is_verdict(options.verdict))
    return wrong("there is no verdict \"" + options.verdict + "\": give allow, would_deny, ask or deny");
  std::string action = options.action;
  for (char& c : action) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (!action.empty() && !sql::action_named(action))
    return wrong("there is no action \"" + options.action +
                 "\": give one as policies name it, select, update or \"alter table add column\"");
  filter.action = action;
  for (const char c : options.kind)
    filter.kind += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return {};
}

base::Result<void> take_object(const FilterOptions& options, EntryFilter& filter) {
  if (!options.column.empty() && !options.table.empty())
    return wrong("give --table or --column: a column has its table before it, as in app.customers.email");
  const auto star = options.table.find('*');
  const bool is_schema = star != std::string::npos && star > 1 && options.table.ends_with(".*") &&
                         star + 1 == options.table.size();
  if (star != std::string::npos && !is_schema)
    return wrong("\"" + options.table +
                 "\" is no table: write its name as in app.orders, or app.* for a schema");
  filter.table = options.table;
  if (!options.column.empty()) {
    const auto dot = options.column.rfind('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == options.column.size())
      return wrong("\"" + options.column +
                   "\" is no column: write its table before it, as in app.customers.email");
    filter.table = options.column.substr(0, dot);
    filter.column = options.column.substr(dot + 1);
  }
  filter.direct = options.direct;
  if (filter.direct && filter.table.empty() && filter.action.empty())
    return wrong(
        "--direct goes with --table, --column or --action, of which it leaves out what comes through others");
  return {};
}

base::Result<void> take_times(const FilterOptions& options, std::int64_t now, EntryFilter& filter) {
  const auto take = [now](const std::string& text, std::optional<std::int64_t>& into) -> base::Result<void> {
    if (text.empty()) return {};
    const auto moment = read_moment(text, now);
    if (!moment) return moment.error();
    into = *moment;
    return {};
  };
  if (const auto taken = take(options.since, filter.since); !taken) return taken;
  if (const auto taken = take(options.until, filter.until); !taken) return taken;
  if (filter.since && filter.until && *filter.since >= *filter.until)
    return wrong("there is nothing between --since and --until: exchange them");
  return {};
}

// Keys and texts of a filter, both ways.
struct TextField {
  const char* key;
  std::string EntryFilter::*text;
};
constexpr std::array<TextField, 11> kTexts{{{"action", &EntryFilter::action},
                                            {"agent", &EntryFilter::agent},
                                            {"column", &EntryFilter::column},
                                            {"kind", &EntryFilter::kind},
                                            {"login", &EntryFilter::login},
                                            {"owner", &EntryFilter::owner},
                                            {"rule", &EntryFilter::rule},
                                            {"sqlstate", &EntryFilter::sqlstate},
                                            {"table", &EntryFilter::table},
                                            {"trace", &EntryFilter::trace},
                                            {"verdict", &EntryFilter::verdict}}};

Json to_json(const EntryFilter& filter) {
  Json value = Json::object();
  for (const auto& [key, text] : kTexts) {
    if (!(filter.*text).empty()) value[key] = filter.*text;
  }
  if (filter.from != 0) value["from"] = filter.from;
  if (filter.to != UINT64_MAX) value["to"] = filter.to;
  if (filter.type) value["type"] = std::string(to_text(*filter.type));
  if (filter.direct) value["direct"] = true;
  if (filter.session) value["session"] = *filter.session;
  if (filter.since) value["since"] = audit::time_text(*filter.since);
  if (filter.until) value["until"] = audit::time_text(*filter.until);
  return value;
}

EntryFilter filter_from(const Json& value) {
  EntryFilter filter;
  for (const auto& [key, text] : kTexts) filter.*text = value.value(key, std::string{});
  filter.from = value.value("from", std::uint64_t{0});
  filter.to = value.value("to", UINT64_MAX);
  if (value.contains("type")) filter.type = audit::entry_type(value.at("type").get<std::string>());
  filter.direct = value.value("direct", false);
  if (value.contains("session")) filter.session = value.at("session").get<std::uint64_t>();
  if (value.contains("since")) filter.since = parse_moment(value.at("since").get<std::string>(), 0);
  if (value.contains("until")) filter.until = parse_moment(value.at("until").get<std::string>(), 0);
  return filter;
}

}  // namespace

base::Result<audit::ReadOptions> to_read_options(const FilterOptions& options, std::int64_t now) {
  audit::ReadOptions read;
  EntryFilter& filter = read.filter;
  filter.agent = options.agent;
  filter.owner = options.owner;
  filter.login = options.login;
  filter.verdict = options.verdict;
  filter.rule = options.rule;
  filter.trace = options.trace;
  filter.sqlstate = options.sqlstate;
  filter.session = options.session;
  if (const auto taken = take_record(options.record, filter); !taken) return taken.error();
  if (const auto taken = take_words(options, filter); !taken) return taken.error();
  if (const auto taken = take_object(options, filter); !taken) return taken.error();
  if (const auto taken = take_times(options, now, filter); !taken) return taken.error();
  read.as_of = options.as_of;
  read.every = options.every;
  return read;
}

base::Result<audit::ReadOptions> to_read_options(const FilterOptions& options) {
  return to_read_options(options, now_micros());
}

std::string canonical_query(const std::string& command, const audit::ReadOptions& options,
                            std::uint64_t as_of) {
  Json query{{"as_of", as_of}, {"command", command}, {"filter", to_json(options.filter)}};
  if (options.every) query["every"] = true;
  return query.dump(-1, ' ', false, Json::error_handler_t::replace);
}

base::Result<audit::ReadOptions> read_query(const std::string& text, std::string& command) {
  try {
    const Json query = Json::parse(text);
    audit::ReadOptions options;
    options.filter = filter_from(query.at("filter"));
    options.as_of = query.at("as_of").get<std::uint64_t>();
    options.every = query.value("every", false);
    command = query.at("command").get<std::string>();
    if (canonical_query(command, options, *options.as_of) == text) return options;
  } catch (const Json::exception&) {
    // Said below.
  }
  return wrong("it is no question of `portcullis audit`, or one of another version");
}

}  // namespace portcullis::app
