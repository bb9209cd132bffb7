// A statement whose locks are not free, while its time limit ends or its client cancels it: at every moment
// that there is between two messages. Once it was stopped it is not sent again, and nothing of it is
// committed.
#include <deque>
#include <map>

#include "dry_run_fixture.hpp"

namespace portcullis::session {
namespace {

using std::chrono::milliseconds;
namespace front = wire::frontend_type;

constexpr std::string_view kTimedPolicy = R"({
  "version": 1, "name": "tried", "mode": "enforce",
  "agents": { "robot": { "login": "agent_robot" } },
  "rules": [
    { "id": "additive", "allow": ["alter table add column"], "on": ["app.*"], "to": ["robot"],
      "limits": { "time": "1s" }, "require": ["dry run"] }
  ]
})";

// What a server does with a change of the schema that waits for its locks: one transaction, message by
// message.
class LockingServer {
 public:
  // How often the locks are not free.
  explicit LockingServer(int refusals) : refusals_(refusals) {}

  void take(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto size = (*wire::peek_frontend(bytes))->frame_size();
      if (bytes[0] == front::sync) skips_ = false;
      if (!skips_) on_message(bytes[0], bytes.substr(5, size - 5));
      bytes.remove_prefix(size);
    }
  }

  std::deque<std::string> out;
  int runs = 0, commits = 0;

 private:
  void on_message(char type, std::string_view body) {
    switch (type) {
      case front::query: return run_query(wire::decode<wire::Query>(body)->text);
      case front::parse: return parse(*wire::decode<wire::Parse>(body));
      case front::bind: return say("2");
      case front::execute: return execute(std::string(wire::decode<wire::Execute>(body)->portal));
      case front::close: return say("3");
      case front::sync:
        if (status_ == 'I') end(true);
        return ready();
      default: return;
    }
  }

  void run_query(std::string_view text) {
    text == kAlter ? alter() : fail("42601");
    skips_ = false;
    ready();
  }

  void parse(const wire::Parse& message) {
    const bool is_own = message.statement.starts_with("reserved");
    if (message.text.starts_with("PORTCULLIS_")) return fail("42601");
    if (is_own && status_ == 'E' && message.text != "ROLLBACK") return fail("25P02");
    texts_[std::string(message.statement)] = message.text;
    say("1");
  }

  void execute(const std::string& portal) {
    if (portal == "reserved") return fail("34000");
    if (portal.empty()) return alter();
    const auto& text = texts_[portal];
    const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
    if (text == "BEGIN") status_ = 'T';
    if (text == "COMMIT" || text == "ROLLBACK") end(text == "COMMIT");
    if (has("current_schemas")) out.push_back(row_of({"app"}));
    if (has("portcullis.reason")) out.push_back(frame('D', std::string("\0\3", 2) + std::string(12, '\xFF')));
    if (has("'role', 'search_path'")) out.push_back(row_of({"role", "none"}));
    if (has("'lock_timeout'")) out.push_back(has("o.own") ? row_of({"0", "500", "f"}) : row_of({"0"}));
    say("C " + (has("SELECT") ? "SELECT 1" : text));
  }

  void alter() {
    ++runs;
    if (refusals_-- > 0) return fail("55P03");
    has_altered_ = true;
    say("C ALTER TABLE");
  }

  void end(bool commits_it) {
    if (commits_it && has_altered_) ++commits;
    has_altered_ = false;
    status_ = 'I';
  }

  void fail(const std::string& code) {
    say("E " + code);
    has_altered_ = false;
    if (status_ == 'T') status_ = 'E';
    skips_ = true;
  }

  void ready() { say(std::string("Z ") + status_); }
  void say(const std::string& message) { out.push_back(from_server({message})); }

  int refusals_;
  std::map<std::string, std::string> texts_;
  char status_ = 'I';
  bool skips_ = false, has_altered_ = false;
};

constexpr int kNever = 1'000;

// What happens before which message of the server's.
struct Moments {
  int time_is_up = kNever;
  int cancel_ends = 0;  // so many messages behind the stop
  int client_cancels = kNever;
};

// One session, one statement, and all that is done with it.
class Race : protected Ticking, public DryRunFixture {
 public:
  Race() : DryRunFixture(ticking) { judge_by(kTimedPolicy); }

  // How many moments there were.
  int play(const std::string& message, int refusals, const Moments& moments) {
    server_ = LockingServer(refusals);
    client(message);
    int at = 0;
    for (; at < kNever; ++at) {
      if (at == moments.time_is_up) ticking.now += milliseconds(1'000);
      if (at == moments.client_cancels) cancel_by_client();
      act(at, moments);
      if (!deliver() && !wait()) break;
      exchange();
    }
    EXPECT_LT(at, kNever);
    return at;
  }

  // "done", or the SQLSTATE of the one error that the client has read.
  [[nodiscard]] std::string end() const {
    const auto error = told_.find("E(");
    const bool is_done = told_.find("C(ALTER TABLE)") != std::string::npos;
    EXPECT_NE(is_done, error != std::string::npos) << told_;
    if (error == std::string::npos) return "done";
    EXPECT_EQ(told_.find("E(", error + 1), std::string::npos) << told_;
    return told_.substr(error + 2, 5);
  }

  // While the server had something to say.
  [[nodiscard]] bool cancel_ends_in_time() const { return cancel_ends_in_time_; }

  void check() const {
    EXPECT_EQ(server_.commits, end() == "done" ? 1 : 0) << told_;
    EXPECT_TRUE(told_.ends_with("Z(I)")) << told_;
    EXPECT_TRUE(relay.idle());
    EXPECT_FALSE(relay.ended());
    // Not sent again behind its end.
    EXPECT_EQ(server_.runs, runs_at_end_.value_or(server_.runs)) << told_;
  }

 private:
  void TestBody() override {}

  void act(int at, const Moments& moments) {
    if (relay.wakes_at() && *relay.wakes_at() <= ticking.steady()) relay.on_time();
    if (relay.take_cancel()) {
      runs_at_end_ = server_.runs;
      cancel_ends_at_ = at + moments.cancel_ends;
    }
    if (cancel_ends_at_ && *cancel_ends_at_ <= at) {
      cancel_ends_in_time_ = true;
      end_cancel();
    }
    client("");
    if (relay.wants_dry_run()) tried_out();
    exchange();
  }

  void exchange() {
    server_.take(relay.take_to_server());
    const auto told = sent_to_client();
    if (!told.empty()) told_ += (told_.empty() ? "" : " ") + told;
  }

  // Between two attempts it is the end; while one is under way it makes that the last.
  void cancel_by_client() {
    relay.on_client_cancel();
    if (is_refused_) runs_at_end_ = server_.runs;
  }

  void end_cancel() {
    cancel_ends_at_.reset();
    relay.on_cancel_ended();
  }

  bool deliver() {
    if (server_.out.empty()) return false;
    const auto next = server_.out.front();
    server_.out.pop_front();
    if (next == from_server({"E 55P03"})) runs_refused_ = server_.runs;
    server_bytes(next);
    exchange();
    is_refused_ = runs_refused_ == server_.runs;
    return true;
  }

  // For what is due next, where the server has nothing to say.
  bool wait() {
    if (cancel_ends_at_) {
      end_cancel();
    } else if (relay.wakes_at()) {
      ticking.now = std::max(ticking.now, *relay.wakes_at());
    } else {
      return false;
    }
    return true;
  }

  LockingServer server_{0};
  std::string told_;
  std::optional<int> cancel_ends_at_;
  bool cancel_ends_in_time_ = false;
  std::optional<int> runs_at_end_;  // how often it had been sent when it was not to be any more
  int runs_refused_ = -1;           // how often when its locks were not free
  bool is_refused_ = false;         // and it was not sent again since
};

// By a Query, and as the one Execute of a pipeline.
const std::vector<std::string>& messages() {
  static const std::vector<std::string> all{
      bytes_of(wire::Query{kAlter}), bytes_of(wire::Parse{"s", kAlter, {}}, wire::Bind{"", "s", {}, {}, {}},
                                              wire::Execute{"", 0}, wire::Sync{})};
  return all;
}

// So often its locks are not free.
class LockRaces : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Refusals, LockRaces, ::testing::Values(0, 1, 2));

TEST_P(LockRaces, WithoutOneItIsDone) {
  for (const auto& message : messages()) {
    Race race;
    (void)race.play(message, GetParam(), {});
    EXPECT_EQ(race.end(), "done");
    race.check();
  }
}

TEST_P(LockRaces, ATimeLimitAtAnyMomentEndsItForGood) {
  for (const auto& message : messages()) {
    Race whole;
    const int moments = whole.play(message, GetParam(), {});
    int stopped = 0;
    for (int at = 0; at < moments; ++at) {
      for (int ends = 0;; ++ends) {
        SCOPED_TRACE("time is up before message " + std::to_string(at) + ", its cancel ends " +
                     std::to_string(ends) + " behind it");
        Race race;
        (void)race.play(message, GetParam(), {.time_is_up = at, .cancel_ends = ends});
        race.check();
        if (race.end() == "57014") ++stopped;
        if (!race.cancel_ends_in_time()) break;  // nothing is left that it could be later than
      }
    }
    EXPECT_GT(stopped, moments / 2);
  }
}

TEST_P(LockRaces, ACancelOfTheClientsAtAnyMomentIsItsEndOrTheLastAttempt) {
  for (const auto& message : messages()) {
    Race whole;
    const int moments = whole.play(message, GetParam(), {});
    for (int at = 0; at < moments; ++at) {
      SCOPED_TRACE("cancelled before message " + std::to_string(at));
      Race race;
      (void)race.play(message, GetParam(), {.client_cancels = at});
      race.check();
    }
  }
}

}  // namespace
}  // namespace portcullis::session
