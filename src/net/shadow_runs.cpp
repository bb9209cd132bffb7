// Shadow, once it is made: statements that are tried out in it.
#include <thread>
#include <utility>

#include "net/shadow_builder.hpp"
#include "net/shadow_parts.hpp"
#include "net/throw_away.hpp"
#include "shadow/quote.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
using shadow::literal;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kMostConnections = 5;
// PostgreSQL refuses it within a transaction block.
constexpr base::SqlState kActiveTransaction{"25001"};
// Of a statement that is no transaction, and may work on many tables.
constexpr milliseconds kOutsideTime{10'000};
// How long a session takes to end that is told to.
constexpr milliseconds kEndTime{2'000};

Error server_ended() {
  return {base::sqlstate::io_error, "the server of the copy ended while it ran there"};
}

}  // namespace

// As the role. One that cannot log in any more has changed its own password, which a superuser alone sees at
// once.
Result<std::unique_ptr<ShadowConnection>> Shadow::log_in(const std::string& role,
                                                         const std::string& database) {
  auto opened = ShadowConnection::open(server_->address(), {role, base::Secret(password_), database},
                                       server_->parameters());
  if (!opened && !server_->rights().is_superuser) is_spoilt_ = true;
  return opened;
}

// Those of every role come first, and those of the role itself are set behind them.
std::vector<std::pair<std::string, std::string>> Shadow::settings_of(const std::string& role) const {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const auto& row : settings_) {
    if (cell(row, 0).empty() || cell(row, 0) == role) settings.emplace_back(cell(row, 1), cell(row, 2));
  }
  return settings;
}

Result<void> Shadow::run_inside(Copy& copy, const std::string& role, const shadow::RunPlan& plan,
                                shadow::RunFacts& facts) {
  // Each costs the copy's server a process.
  if (copy.connections.size() >= kMostConnections && !copy.connections.contains(role))
    copy.connections.clear();
  auto& connection = copy.connections[role];
  if (!connection) {
    auto opened = log_in(role, copy.database);
    if (!opened) return opened.error();
    connection = std::move(*opened);
  }
  auto ran = connection->try_out(plan, copy.baseline, facts);
  if (ran) return ran;
  connection.reset();
  if (server_->ends_within(kCrashTime)) return server_ended();
  end_sessions(copy, role);
  return ran;
}

// A function can catch its own cancellation, and what it locks bars every run behind it.
void Shadow::end_sessions(const Copy& copy, const std::string& role) {
  const std::string theirs =
      " FROM pg_stat_activity WHERE usename = " + literal(role) + " AND datname = " + literal(copy.database);
  const auto opened =
      ShadowConnection::open(server_->address(), server_->maintenance(), ServerConnection::to_look());
  if (opened && (*opened)->ask("SELECT pg_terminate_backend(pid)" + theirs)) {
    const auto end = std::chrono::steady_clock::now() + kEndTime;
    do {
      const auto left = (*opened)->ask("SELECT 1" + theirs);
      if (!left) break;
      if (left->empty()) return;
      std::this_thread::sleep_for(milliseconds(10));
    } while (std::chrono::steady_clock::now() < end);
  }
  server_->stop();  // a new one is made
}

// Nobody may be connected to what is copied. What is left behind by a statement would be found by the next.
Result<void> Shadow::with_throw_away(Copy& copy, const InThrowAway& work) {
  copy.connections.clear();
  const auto made =
      ThrowAway::make(*server_, copy.database,
                      server_->names(options_.login.database).throw_away + std::to_string(++thrown_away_));
  if (!made) return with_what("no copy to throw away", made.error());
  const auto worked = work(**made);
  if (!worked && server_->ends_within(kCrashTime)) return server_ended();
  const auto ended = (*made)->end();
  if (ended) return worked;
  is_spoilt_ = true;
  return ended;
}

Result<void> Shadow::run_outside(Copy& copy, const std::string& role, const shadow::RunPlan& plan,
                                 shadow::RunFacts& facts) {
  return with_throw_away(copy, [&](const ThrowAway& made) -> Result<void> {
    const auto opened = log_in(role, made.name());
    if (!opened) return opened.error();
    return (*opened)->try_out(plan, copy.baseline, facts);
  });
}

Result<shadow::RunFacts> Shadow::try_out(Attempt attempt, const std::string& role,
                                         const shadow::RunPlan& plan) {
  shadow::RunFacts facts, rowless;
  const auto ran = (this->*attempt)(with_rows_, role, plan, facts);
  if (!ran) return Result<shadow::RunFacts>(boost::system::in_place_error, ran.error());
  if (!facts.failure || !shadow::may_hang_on_rows(*facts.failure)) return facts;
  const auto ran_again = (this->*attempt)(rowless_, role, plan, rowless);
  if (!ran_again) return Result<shadow::RunFacts>(boost::system::in_place_error, ran_again.error());
  return shadow::facts_of_both(std::move(facts), std::move(rowless));
}

Result<shadow::RunFacts> Shadow::try_out(const std::string& role, shadow::RunPlan plan) {
  const auto outside = std::exchange(plan.outside, std::nullopt);
  if (!outside || !outside->is_certain) {
    auto facts = try_out(&Shadow::run_inside, role, plan);
    const bool is_refused = facts && facts->failure && facts->failure->code == kActiveTransaction;
    if (!outside || !is_refused) return facts;
  }
  plan.outside = outside;
  plan.statement_timeout = kOutsideTime;
  return try_out(&Shadow::run_outside, role, plan);
}

// Where there are no rows: a step shall not fail by one that was made up.
void Shadow::try_out(const std::string& role, const shadow::RunPlan& plan, shadow::SaferForm& form) {
  shadow::RunPlan behind = plan;
  for (auto& step : form.steps) {
    if (step.sql.empty()) continue;
    if (step.stand_in.empty()) {
      behind.statement = step.sql;
      shadow::RunFacts facts;
      if (!run_inside(rowless_, role, behind, facts)) return;
      step.facts = std::move(facts);
    }
    behind.earlier.push_back(step.stand_in.empty() ? step.sql : step.stand_in);
  }
}

}  // namespace portcullis::net
