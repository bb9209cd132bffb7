#include "relay_fixture.hpp"

#include <sstream>

#include "sql/analyze.hpp"

namespace portcullis::session {
namespace {

namespace back = wire::backend_type;
namespace front = wire::frontend_type;

constexpr std::string_view kPolicy = R"({
  "version": 1, "name": "test", "mode": "enforce",
  "agents": { "robot": { "login": "agent_robot" } },
  "protect": [ { "id": "secret", "on": ["app.secret"] } ],
  "rules": [
    { "id": "rows", "allow": ["select", "insert", "update", "delete", "copy from stdin", "copy to stdout"],
      "on": ["app.t"], "to": ["robot"] },
    { "id": "views", "allow": ["create view", "drop view"], "on": ["app.v"], "to": ["robot"] },
    { "id": "procedure", "allow": ["call"], "on": ["app.p"], "to": ["robot"] }
  ]
})";

constexpr std::string_view kObserving = R"({
  "version": 1, "name": "observe", "mode": "monitor",
  "agents": { "robot": { "login": "agent_robot" } },
  "rules": [ { "id": "rows", "allow": ["select"], "on": ["app.t"], "to": ["robot"] } ]
})";

std::string be32(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::string body_of_error(const std::string& code) {
  return "SERROR" + std::string(1, '\0') + "VERROR" + std::string(1, '\0') + "C" + code +
         std::string(1, '\0') + "Mx" + std::string(2, '\0');
}

std::string backend_word(char type, std::string_view body) {
  switch (type) {
    case back::error_response: {
      const auto error = wire::decode<wire::ErrorResponse>(body);
      return "E(" + std::string(error->field('C')) + ")";
    }
    case back::ready_for_query: return "Z(" + std::string(body) + ")";
    case back::command_complete: return "C(" + std::string(body.substr(0, body.size() - 1)) + ")";
    default: return {type};
  }
}

std::string frontend_word(char type, std::string_view body) {
  switch (type) {
    case front::query: return "Q(" + std::string(wire::decode<wire::Query>(body)->text) + ")";
    case front::parse: {
      const auto parse = wire::decode<wire::Parse>(body);
      return "P(" + std::string(parse->statement) + "," + std::string(parse->text) + ")";
    }
    case front::bind: {
      const auto bind = wire::decode<wire::Bind>(body);
      return "B(" + std::string(bind->portal) + "," + std::string(bind->statement) + ")";
    }
    case front::execute: return "E(" + std::string(wire::decode<wire::Execute>(body)->portal) + ")";
    default: return {type};
  }
}

template <class Peek, class Word>
std::string words(std::string_view bytes, Peek peek, Word word) {
  std::string out;
  while (!bytes.empty()) {
    const auto header = peek(bytes);
    if (!header || !*header || bytes.size() < (*header)->frame_size()) return out + " (broken)";
    out += (out.empty() ? "" : " ") + word((*header)->type, bytes.substr(5, (*header)->body_size));
    bytes.remove_prefix((*header)->frame_size());
  }
  return out;
}

}  // namespace

std::vector<std::string> FakeSink::told() const {
  std::vector<std::string> lines;
  for (const auto& record : records) {
    if (const auto* decision = std::get_if<audit::DecisionRecord>(&record)) {
      lines.push_back(decision->verdict + " " + decision->message +
                      (decision->sqlstate.empty() ? "" : " " + decision->sqlstate));
    } else if (const auto* outcome = std::get_if<audit::OutcomeRecord>(&record)) {
      std::string line = outcome->result;
      for (const auto& tag : outcome->tags) line += " " + tag;
      if (!outcome->sqlstate.empty()) line += " " + outcome->sqlstate;
      lines.push_back(line + " -> " + std::to_string(outcome->decision));
    } else if (const auto* counted = std::get_if<audit::CountedRecord>(&record)) {
      lines.push_back(std::to_string(counted->count) + " more " + counted->rule + " " + counted->sqlstate);
    }
  }
  return lines;
}

std::string backend_text(std::string_view bytes) {
  return words(bytes, wire::peek_backend, backend_word);
}
std::string frontend_text(std::string_view bytes) {
  return words(bytes, wire::peek_frontend, frontend_word);
}

std::string frame(char type, std::string_view body) {
  return type + be32(static_cast<std::uint32_t>(body.size() + 4)) + std::string(body);
}

std::string row_of(const std::vector<std::string>& fields) {
  std::string body{'\0', static_cast<char>(fields.size())};
  for (const auto& field : fields) body += std::string(3, '\0') + static_cast<char>(field.size()) + field;
  return frame('D', body);
}

std::string round_of(const std::vector<RoundAnswer>& answers, const std::string& ready) {
  std::string bytes;
  for (const auto& [rows, tag] : answers)
    bytes += from_server({"3", "3", "1", "2"}) + rows + from_server({"C " + tag});
  bytes += from_server({"3", "3"});
  return ready.empty() ? bytes : bytes + from_server({"Z " + ready});
}

std::string from_server(const std::vector<std::string>& messages) {
  std::string bytes;
  for (const auto& message : messages) {
    const char type = message[0];
    const std::string rest = message.size() > 2 ? message.substr(2) : std::string();
    switch (type) {
      case back::command_complete: wire::encode(bytes, wire::CommandComplete{rest}); break;
      case back::ready_for_query: wire::encode(bytes, wire::ReadyForQuery{rest.at(0)}); break;
      case back::error_response: bytes += frame(type, body_of_error(rest)); break;
      default: bytes += frame(type, rest); break;
    }
  }
  return bytes;
}

std::string schemas_answer(const std::vector<std::string>& schemas, char status, bool discards_plans) {
  std::string bytes = from_server({"3", "3", "1", "2"});
  for (const auto& schema : schemas) {
    bytes += frame('D', std::string("\0\1", 2) + be32(static_cast<std::uint32_t>(schema.size())) + schema);
  }
  bytes += from_server({"C SELECT 1", "3", "3", "1", "2"});
  bytes += frame('D', std::string("\0\3", 2) + std::string(12, '\xFF'));  // no claims: three NULLs
  bytes += from_server({"C SELECT 1"});
  if (discards_plans) bytes += from_server({"3", "3", "1", "2", "C DISCARD PLANS"});
  return bytes + from_server({"3", "3", std::string("Z ") + status});
}

std::shared_ptr<const guard::Guard> test_guard() {
  return guard_of(kPolicy);
}

std::shared_ptr<const guard::Guard> observing_guard() {
  return guard_of(kObserving);
}

std::shared_ptr<const guard::Guard> guard_of(std::string_view policy) {
  auto loaded = policy::PolicySet::load(policy);
  EXPECT_TRUE(loaded.policy) << policy::to_text(loaded.problems, "test policy");
  return std::make_shared<const guard::Guard>(
      std::make_shared<const policy::PolicySet>(std::move(*loaded.policy)));
}

namespace {

Identity robot() {
  Identity identity;
  identity.session = 1;
  identity.agent = "robot";
  identity.names.search_path = {"app"};
  identity.reserved_name = "reserved";
  return identity;
}

}  // namespace

RelayFixture::RelayFixture() : source(test_guard()), relay(session_.emplace(robot(), needs())) {}

RelayFixture::RelayFixture(std::string_view policy, const base::Clock& time)
    : source(guard_of(policy)), time_(&time), relay(session_.emplace(robot(), needs())) {}

Relay& RelayFixture::with_session(SessionLimits limits) {
  return session_.emplace(robot(), needs(limits));
}

Relay& RelayFixture::with_reuse(bool reuses) {
  reuses_ = reuses;
  return with_session({});
}

Relay& RelayFixture::with_limits(guard::RateLimiter& limits) {
  limits_ = &limits;
  return with_session({});
}

Relay& RelayFixture::with_evidence(const Evidence& evidence) {
  evidence_ = &evidence;
  return with_session({});
}

Dependencies RelayFixture::needs(SessionLimits limits) {
  // Once in this thread: the parser keeps something for every thread that prepares.
  static thread_local const bool prepared = (sql::prepare_parser_thread(), true);
  (void)prepared;
  return {&source, limits_, &sink, time_, &facts, limits, evidence_, reuses_};
}

void RelayFixture::client(std::string_view bytes) {
  client_rest += bytes;
  client_rest.erase(0, relay.on_client(client_rest));
}

void RelayFixture::server_bytes(std::string_view bytes) {
  server_rest += bytes;
  server_rest.erase(0, relay.on_server(server_rest));
}

void RelayFixture::answer_schemas(const std::vector<std::string>& schemas, char status) {
  EXPECT_TRUE(relay.waits_for_server());
  const std::string asked = sent_to_server();
  EXPECT_THAT(asked, ::testing::HasSubstr("P(reserved-own,SELECT pg_catalog.unnest("));
  const bool discards_plans = asked.find("P(reserved-own,DISCARD PLANS)") != std::string::npos;
  server_bytes(schemas_answer(schemas, status, discards_plans));
  client("");
}

void RelayFixture::open_transaction() {
  client(bytes_of(wire::Query{"begin"}));
  server({"C BEGIN", "Z T"});
  (void)sent_to_server();
  (void)sent_to_client();
}

}  // namespace portcullis::session
