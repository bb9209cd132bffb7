// Whatever the pieces that bytes arrive in and however client and server interleave, the same comes out; and
// random pipelines against a server that behaves as the manual says keep the relay's promises.
#include <random>

#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

// A server that obeys the protocol: fails poisons and texts with "fail" in them, skips to Sync, answers the
// rest.
class ModelServer {
 public:
  std::string on_bytes(std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
      const auto header = wire::peek_frontend(bytes);
      const auto size = (*header)->frame_size();
      answer((*header)->type, bytes.substr(5, (*header)->body_size), out);
      bytes.remove_prefix(size);
    }
    return out;
  }
  std::vector<std::string> executed;

 private:
  void answer(char type, std::string_view body, std::string& out) {
    if (skipping_ && type != 'S') return;
    switch (type) {
      case 'Q': {
        const std::string text(wire::decode<wire::Query>(body)->text);
        out += fails(text) ? from_server({"E 42601", "Z I"}) : from_server({"C SELECT 1", "Z I"});
        if (!fails(text)) executed.push_back(text);
        return;
      }
      case 'P': {
        const auto parse = wire::decode<wire::Parse>(body);
        if (fails(parse->text)) return fail(out);
        statements_[std::string(parse->statement)] = parse->text;
        out += from_server({"1"});
        return;
      }
      case 'B': {
        const auto bind = wire::decode<wire::Bind>(body);
        const auto found = statements_.find(std::string(bind->statement));
        if (found == statements_.end()) return fail(out);
        portals_[std::string(bind->portal)] = found->second;
        out += from_server({"2"});
        return;
      }
      case 'D': out += from_server({"n"}); return;
      case 'E': {
        const auto found = portals_.find(std::string(wire::decode<wire::Execute>(body)->portal));
        if (found == portals_.end()) return fail(out);
        executed.push_back(found->second);
        out += from_server({"C SELECT 1"});
        return;
      }
      case 'S':
        skipping_ = false;
        portals_.clear();
        out += from_server({"Z I"});
        return;
      default: return;
    }
  }
  static bool fails(std::string_view text) {
    return text.find("PORTCULLIS") != text.npos || text.find("fail") != text.npos;
  }
  void fail(std::string& out) {
    skipping_ = true;
    out += from_server({"E 42601"});
  }

  std::map<std::string, std::string> statements_, portals_;
  bool skipping_ = false;
};

std::string random_text(std::mt19937& random) {
  constexpr std::string_view texts[] = {
      "select 1", "insert into t values (1)", "drop table t", "select * from secret", "select 'fail'",
      "selec",    "select pg_sleep(1)"};
  return std::string(texts[random() % std::size(texts)]);
}

std::string random_flow(std::mt19937& random) {
  std::string bytes;
  const auto count = 1 + random() % 12;
  for (unsigned i = 0; i < count; ++i) {
    const std::string text = random_text(random);
    const std::string name = random() % 2 == 0 ? "" : "s";
    switch (random() % 6) {
      case 0: bytes += bytes_of(wire::Query{text}); break;
      case 1: bytes += bytes_of(wire::Parse{name, text, {}}); break;
      case 2: bytes += bytes_of(wire::Bind{"", name, {}, {}, {}}); break;
      case 3: bytes += bytes_of(wire::Execute{"", 0}); break;
      case 4: bytes += bytes_of(wire::Describe{'S', name}); break;
      default: bytes += bytes_of(wire::Sync{}); break;
    }
  }
  return bytes + bytes_of(wire::Sync{});
}

class RelayPropertyTest : public RelayFixture {};

TEST_F(RelayPropertyTest, EveryRandomPipelineEndsInStepAndNothingRefusedRuns) {
  std::mt19937 random(20261121);
  ModelServer model;
  for (int round = 0; round < 3000; ++round) {
    const std::string flow = random_flow(random);
    std::string answers;
    for (std::size_t at = 0; at < flow.size();) {
      const std::size_t part = 1 + random() % 40;
      client(std::string_view(flow).substr(at, part));
      at += part;
      answers += model.on_bytes(relay.take_to_server());
      if (random() % 2 == 0) server_bytes(std::exchange(answers, {}));
    }
    server_bytes(answers);
    ASSERT_TRUE(relay.idle()) << "round " << round << ": " << frontend_text(flow);
    ASSERT_FALSE(relay.ended());
    const std::string told = sent_to_client();
    ASSERT_EQ(told.substr(told.size() - 4), "Z(I)") << frontend_text(flow);
    for (const auto& text : model.executed) {
      ASSERT_TRUE(text == "select 1" || text == "insert into t values (1)") << text;
    }
    model.executed.clear();
  }
}

TEST_F(RelayPropertyTest, EveryAllowedExecutionHasOneOutcome) {
  std::mt19937 random(42);
  ModelServer model;
  for (int round = 0; round < 500; ++round) {
    client(random_flow(random));
    server_bytes(model.on_bytes(relay.take_to_server()));
  }
  relay.close("end");
  std::map<std::uint64_t, int> outcomes;
  for (const auto& record : sink.records) {
    if (const auto* outcome = std::get_if<audit::OutcomeRecord>(&record)) ++outcomes[outcome->decision];
  }
  for (std::size_t i = 0; i < sink.records.size(); ++i) {
    const auto* decision = std::get_if<audit::DecisionRecord>(&sink.records[i]);
    if (decision == nullptr) continue;
    if (decision->verdict != "allow") {
      EXPECT_EQ(outcomes[i], 0) << i;
    } else if (decision->message == "Query") {
      EXPECT_EQ(outcomes[i], 1) << i;
    } else if (decision->message == "Bind") {
      EXPECT_GE(outcomes[i], 1) << i;
    }
  }
}

TEST_F(RelayPropertyTest, TheSameComesOutWhateverThePieces) {
  const std::string flow = bytes_of(
      wire::Parse{"", "insert into t values (1)", {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0},
      wire::Parse{"", "drop table t", {}}, wire::Sync{}, wire::Query{"select 1"});
  const std::string answers =
      from_server({"1", "2", "C INSERT 0 1", "E 42601", "Z I", "T", "D", "C SELECT 1", "Z I"});
  for (std::size_t split = 1; split < flow.size(); ++split) {
    Relay fresh(
        [] {
          Identity identity;
          identity.agent = "robot";
          identity.names.search_path = {"app"};
          identity.reserved_name = "reserved";
          return identity;
        }(),
        {&source, nullptr, &sink, &clock, &facts});
    std::string rest = flow.substr(0, split);
    rest.erase(0, fresh.on_client(rest));
    rest += flow.substr(split);
    (void)fresh.on_client(rest);
    const std::size_t server_split = split % answers.size();
    std::string back = answers.substr(0, server_split);
    back.erase(0, fresh.on_server(back));
    back += answers.substr(server_split);
    (void)fresh.on_server(back);
    EXPECT_EQ(backend_text(fresh.take_to_client()), "1 2 C(INSERT 0 1) E(42501) Z(I) T D C(SELECT 1) Z(I)")
        << split;
  }
}

}  // namespace
}  // namespace portcullis::session
