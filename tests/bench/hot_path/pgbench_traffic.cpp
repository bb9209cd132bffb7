#include "pgbench_traffic.hpp"

#include <array>
#include <utility>

#include "portcullis/wire/messages.hpp"

namespace portcullis::bench {
namespace {

constexpr std::string_view kByParameter = "SELECT abalance FROM pgbench_accounts WHERE aid = $1;";
constexpr std::string_view kStatement = "P0_0";
// So many accounts are asked for in turn where texts are to be met again.
constexpr std::size_t kAccounts = 64;

std::string frame(char type, std::string_view body) {
  const auto size = static_cast<std::uint32_t>(body.size() + 4);
  std::string bytes{type, static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                    static_cast<char>(size >> 8), static_cast<char>(size)};
  return bytes += body;
}

// One field, "abalance", an int4 in text.
std::string row_description() {
  using namespace std::string_view_literals;
  return frame('T', "\0\1abalance\0\0\0\x40\x01\0\3\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"sv);
}

std::string rows(bool described, bool bound) {
  std::string bytes;
  if (bound) encode(bytes, wire::BindComplete{});
  if (described) bytes += row_description();
  encode(bytes, wire::DataRow{{"0"}});
  encode(bytes, wire::CommandComplete{"SELECT 1"});
  encode(bytes, wire::ReadyForQuery{'I'});
  return bytes;
}

// `columns`: what is asked for.
Exchange by_query(const std::string& columns, const std::string& account) {
  Exchange exchange;
  encode(exchange.client,
         wire::Query{"SELECT " + columns + " FROM pgbench_accounts WHERE aid = " + account + ";"});
  exchange.server = rows(true, false);
  return exchange;
}

Exchange by_parameter(const std::string& account, bool is_prepared) {
  Exchange exchange;
  if (!is_prepared) {
    encode(exchange.client, wire::Parse{"", kByParameter, {}});
    encode(exchange.server, wire::ParseComplete{});
  }
  encode(exchange.client, wire::Bind{"", is_prepared ? kStatement : "", {}, {account}, {0}});
  encode(exchange.client, wire::Describe{'P', ""});
  encode(exchange.client, wire::Execute{"", 0});
  encode(exchange.client, wire::Sync{});
  exchange.server += rows(true, true);
  return exchange;
}

}  // namespace

std::optional<Traffic> traffic_of(std::string_view name) {
  constexpr auto names =
      std::to_array<std::pair<std::string_view, Traffic>>({{"simple", Traffic::simple},
                                                           {"first-seen", Traffic::first_seen},
                                                           {"extended", Traffic::extended},
                                                           {"prepared", Traffic::prepared}});
  for (const auto& [known, traffic] : names)
    if (known == name) return traffic;
  return std::nullopt;
}

Exchange preparation() {
  Exchange exchange;
  encode(exchange.client, wire::Parse{kStatement, kByParameter, {}});
  encode(exchange.client, wire::Sync{});
  encode(exchange.server, wire::ParseComplete{});
  encode(exchange.server, wire::ReadyForQuery{'I'});
  return exchange;
}

std::vector<Exchange> transactions(Traffic traffic, std::size_t count) {
  std::vector<Exchange> all;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string account = std::to_string(10'000 + i % kAccounts);
    switch (traffic) {
      case Traffic::simple: all.push_back(by_query("abalance", account)); break;
      case Traffic::first_seen:
        all.push_back(by_query("abalance AS a" + std::to_string(100'000 + i), account));
        break;
      case Traffic::extended: all.push_back(by_parameter(account, false)); break;
      case Traffic::prepared: all.push_back(by_parameter(account, true)); break;
    }
  }
  return all;
}

}  // namespace portcullis::bench
