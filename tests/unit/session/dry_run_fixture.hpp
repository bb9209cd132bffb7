// A session whose policy wants some of what it allows tried out: what the server says of its settings, and
// what a copy has shown, by the test.
#pragma once

#include "relay_fixture.hpp"
#include "shadow/session_settings.hpp"

namespace portcullis::session {

inline constexpr std::string_view kDryRunPolicy = R"({
  "version": 1, "name": "tried", "mode": "enforce",
  "agents": { "robot": { "login": "agent_robot" } },
  "rules": [
    { "id": "additive", "allow": ["alter table add column", "comment"], "on": ["app.*"], "to": ["robot"],
      "require": ["dry run"], "dry_run": { "max_lock": "SHARE" } },
    { "id": "beside", "allow": ["create index concurrently", "reindex"], "on": ["app.*"], "to": ["robot"],
      "require": ["dry run"] },
    { "id": "few", "allow": ["delete"], "on": ["app.*"], "to": ["robot"],
      "require": ["dry run"], "dry_run": { "rows": 10 } },
    { "id": "fixes", "allow": ["update"], "on": ["app.t"], "to": ["robot"], "require": ["dry run"] },
    { "id": "reads", "allow": ["select"], "on": ["app.*"], "to": ["robot"] },
    { "id": "views", "allow": ["create view", "drop view"], "on": ["app.*"], "to": ["robot"] },
    { "id": "code", "allow": ["call"], "on": ["app.p"], "to": ["robot"] }
  ]
})";

// Of its rule "additive".
inline constexpr std::string_view kAlter = "alter table t add column a int";

inline DryRunResult dry_run_of(std::size_t statements = 1, std::optional<base::Error> failure = {}) {
  auto report = std::make_shared<shadow::Report>();
  report->statements.resize(statements);
  report->statements.back().facts.failure = std::move(failure);
  return std::shared_ptr<const shadow::Report>(std::move(report));
}

class DryRunFixture : public RelayFixture {
 protected:
  using Texts = std::vector<std::string>;

  DryRunFixture() { judge_by(kDryRunPolicy); }
  explicit DryRunFixture(const base::Clock& time) : RelayFixture(kDryRunPolicy, time) {}

  void judge_by(std::string_view policy) {
    source.basis = std::make_shared<const Basis>(Basis{guard_of(policy), nullptr});
  }
  void query(std::string_view text) { client(bytes_of(wire::Query{text})); }
  // A Query that needs no dry run, answered.
  void run(std::string_view text, const std::string& tag, char status = 'T') {
    query(text);
    (void)sent_to_server();
    server({"C " + tag, std::string("Z ") + status});
    (void)sent_to_client();
    client("");
  }
  // Up to the result of the dry run.
  void query_up_to_its_dry_run(std::string_view text = kAlter) {
    query(text);
    answer_settings();
    ASSERT_TRUE(relay.wants_dry_run());
  }
  static std::string parse(std::string_view text, std::vector<std::uint32_t> types = {}) {
    return bytes_of(wire::Parse{"s", text, std::move(types)});
  }
  static std::string bind(std::vector<std::optional<std::string_view>> parameters = {}) {
    return bytes_of(wire::Bind{"", "s", {}, std::move(parameters), {}});
  }

  static bool asks_for_settings(const std::string& sent) {
    const std::string question = "P(reserved-own," + std::string(shadow::session_settings_query()) + ")";
    return sent.starts_with("C C " + question) && sent.ends_with(" S");
  }
  // The relay has asked for the settings: answers it, and the client's bytes are given again.
  void answer_settings(const SessionSettings& settings = {{"role", "none"}}, char status = 'I') {
    EXPECT_TRUE(relay.waits_for_server());
    EXPECT_TRUE(asks_for_settings(sent_to_server()));
    std::string bytes = from_server({"3", "3", "1", "2"});
    for (const auto& [name, value] : settings) bytes += row_of({name, value});
    server_bytes(bytes + from_server({"C SELECT 1"}) + schemas_answer({"app"}, status));
    client("");
  }
  // Hands in what came of the dry run, and the client's bytes are given again.
  void tried_out(DryRunResult result = dry_run_of()) {
    EXPECT_TRUE(relay.wants_dry_run());
    relay.give_dry_run(std::move(result));
    EXPECT_FALSE(relay.wants_dry_run());
    client("");
  }
  // What the next message is to be tried out with.
  [[nodiscard]] DryRunRequest wanted() const {
    EXPECT_TRUE(relay.wants_dry_run());
    return relay.wants_dry_run().value_or(DryRunRequest{});
  }
  // What is asked before a change of the schema is sent, answered. `own`: in a transaction of the gate's.
  // `compared`: it is one statement.
  enum class Around { own, block, pipeline };
  void open_bracket(Around around = Around::own, bool compared = true, std::string own_timeout = "0") {
    const std::string asked = sent_to_server();
    EXPECT_THAT(asked, ::testing::HasSubstr("pg_catalog.set_config('lock_timeout'"));
    EXPECT_EQ(asked.find(",BEGIN)") != std::string::npos, around == Around::own) << asked;
    std::vector<RoundAnswer> answers;
    if (around == Around::own) answers.push_back({"", "BEGIN"});
    const bool is_stricter = own_timeout != "0" && std::stoi(own_timeout) < 500;
    answers.push_back({row_of({own_timeout, "500", is_stricter ? "t" : "f"})});
    if (compared) answers.insert(answers.end(), 3, {"", "SELECT 0"});
    server_bytes(round_of(answers, around == Around::pipeline ? "" : "T"));
  }
  // What is asked behind it, answered, and the end of the gate's own transaction.
  void close_bracket(Around around = Around::own, bool compared = true, const std::string& behind = "") {
    const std::string asked = sent_to_server();
    std::vector<RoundAnswer> answers;
    if (compared) answers.push_back({behind, "SELECT 0"});
    if (around != Around::own) answers.push_back({row_of({"0"})});
    EXPECT_EQ(asked.find("set_config('lock_timeout'") != std::string::npos, around != Around::own) << asked;
    if (!answers.empty()) server_bytes(round_of(answers, around == Around::pipeline ? "" : "T"));
    if (around != Around::own) return;
    EXPECT_THAT(answers.empty() ? asked : sent_to_server(), ::testing::HasSubstr(",COMMIT)"));
    server_bytes(round_of({{"", "COMMIT"}}, "I"));
  }
  // The message of the error that the client gets, and nothing that the server could run was sent.
  std::string refusal() {
    EXPECT_FALSE(relay.wants_dry_run());
    EXPECT_FALSE(relay.waits_for_server());
    return error_to_client();
  }
  // The same of a message of the extended query protocol, whose error is the server's own at that place.
  std::string refusal_in_pipeline() {
    EXPECT_FALSE(relay.wants_dry_run());
    EXPECT_THAT(sent_to_server(), ::testing::EndsWith("reserved)"));  // which there is none of
    server({"E 26000"});
    return error_to_client();
  }
  std::string error_to_client() {
    const std::string bytes = relay.take_to_client();
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const auto header = wire::peek_backend(rest);
      if ((*header)->type == wire::backend_type::error_response)
        return wire::to_error(*wire::decode<wire::ErrorResponse>(rest.substr(5, (*header)->body_size)))
            .message;
      rest.remove_prefix((*header)->frame_size());
    }
    return "no error";
  }
  // What was recorded since the beginning: "dry_run", "allow Query", "ok ALTER TABLE", in order.
  [[nodiscard]] Texts recorded() const {
    Texts all;
    for (const auto& record : sink.records) {
      if (std::holds_alternative<audit::DryRunRecord>(record)) all.emplace_back("dry_run");
      if (const auto* decision = std::get_if<audit::DecisionRecord>(&record))
        all.push_back(decision->verdict + " " + decision->message);
      if (const auto* outcome = std::get_if<audit::OutcomeRecord>(&record)) all.push_back(outcome->result);
    }
    return all;
  }
};

}  // namespace portcullis::session
