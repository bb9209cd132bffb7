// Where the log may lag behind reads, it may behind the changes of an open block too, but never behind what
// commits them. docs/decisions/0022-a-change-counts-when-its-block-commits.md.
#include <map>
#include <random>

#include "relay_fixture.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::session {
namespace {

class RelayLag : public RelayFixture {
 protected:
  RelayLag() {
    catalog::testing::MakeSnapshot make;
    make.table("app.t", {"id int4"});
    make.table("app.noisy", {"id int4"});
    make.function("app.f", {"int4"});
    make.trigger("app.noisy", "noise", "i", "app.f");
    make.relation(catalog::RelationKind::foreign_table, "app.far", {"id int4"});
    make.view("app.seen", {"id int4"}, {"app.far(id)"});
    make.table("app.checked", {"id int4"});
    make.attach("app.checked", 'c', "c", "iu", {"app.f"});
    const auto guard = guard_of(R"({"version": 1, "name": "test",
      "agents": {"robot": {"login": "robot", "owner": "ada"}},
      "rules": [{"id": "work", "allow": ["select", "insert"], "on": ["app.*"], "to": ["*"]},
                {"id": "far", "allow": ["select"], "on": ["app.far"], "to": ["*"]},
                {"id": "call", "allow": ["execute function"], "on": ["app.f"], "to": ["*"]}]})");
    source.basis = std::make_shared<const Basis>(Basis{guard, make.build()});
    with_session({});
  }
  void run(std::string_view text, const std::string& tag, char status) {
    client(bytes_of(wire::Query{text}));
    answer({"C " + tag, std::string("Z ") + status});
  }
  void answer(const std::vector<std::string>& messages) {
    server(messages);
    (void)sent_to_server();
    (void)sent_to_client();
  }
  void begin() { run("begin", "BEGIN", 'T'); }
  // "lags Query", "synced Bind", "lags ok": of each record since the last call.
  std::vector<std::string> hastes() {
    std::vector<std::string> all;
    for (; told_ < sink.records.size(); ++told_) {
      const auto& record = sink.records[told_];
      if (const auto* decision = std::get_if<audit::DecisionRecord>(&record))
        all.push_back((decision->may_lag ? "lags " : "synced ") + std::string(decision->message));
      if (const auto* outcome = std::get_if<audit::OutcomeRecord>(&record))
        all.push_back((outcome->may_lag ? "lags " : "synced ") + outcome->result);
    }
    return all;
  }
  using Hastes = std::vector<std::string>;

  std::size_t told_ = 0;
};

TEST_F(RelayLag, AChangeByItselfIsSynced) {
  run("insert into t values (1)", "INSERT 0 1", 'I');
  EXPECT_EQ(hastes(), (Hastes{"synced Query", "synced ok"}));
}

TEST_F(RelayLag, AChangeInABlockCountsAtItsCommit) {
  begin();
  run("insert into t values (1)", "INSERT 0 1", 'T');
  run("savepoint s", "SAVEPOINT", 'T');
  EXPECT_EQ(hastes(), (Hastes{"lags Query", "lags ok", "lags Query", "lags ok", "lags Query", "lags ok"}));
  run("commit", "COMMIT", 'I');
  EXPECT_EQ(hastes(), (Hastes{"synced Query", "synced ok"}));
}

TEST_F(RelayLag, ABlockThatOnlyReadsSyncsNothing) {
  begin();
  run("select * from t", "SELECT 0", 'T');
  run("commit", "COMMIT", 'I');
  for (const auto& haste : hastes()) EXPECT_TRUE(haste.starts_with("lags")) << haste;
}

TEST_F(RelayLag, AReadOfWhatIsElsewhereIsSyncedAndSoIsTheCommitBehindIt) {
  for (const std::string from : {"far", "seen", "checked"}) {
    run("select * from " + from, "SELECT 0", 'I');
    EXPECT_EQ(hastes(), (Hastes{"synced Query", "lags ok"})) << from;
    begin();
    run("select * from " + from, "SELECT 0", 'T');
    (void)hastes();
    run("commit", "COMMIT", 'I');
    EXPECT_EQ(hastes(), (Hastes{"synced Query", "lags ok"})) << from;
  }
}

TEST_F(RelayLag, AReadOfWhatIsElsewhereThatIsUnderWayHasTheCommitSynced) {
  begin();
  (void)hastes();
  client(bytes_of(wire::Parse{"", "select * from far", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}, wire::Sync{}, wire::Query{"commit"}));
  EXPECT_EQ(hastes(), (Hastes{"synced Parse", "synced Bind", "synced Query"}));
}

TEST_F(RelayLag, TheEndOfABlockThatIsOnlyObservedEndsIt) {
  static const struct Objecting final : Evidence {
    [[nodiscard]] std::optional<base::Error> objection(bool changes) const override {
      if (!changes) return std::nullopt;
      return base::Error{base::sqlstate::io_error, "the anchor is behind"};
    }
  } evidence;
  const auto guard = guard_of(R"({"version": 1, "name": "test", "mode": "monitor",
    "agents": {"robot": {"login": "robot", "owner": "ada"}},
    "rules": [{"id": "work", "allow": ["select", "insert"], "on": ["app.*"], "to": ["*"]}]})");
  source.basis = std::make_shared<const Basis>(Basis{guard, source.basis->snapshot});
  with_evidence(evidence);
  begin();
  (void)hastes();
  client(bytes_of(wire::Query{"insert into t values (1); commit; select * from t"}));
  client(bytes_of(wire::Query{"insert into t values (2)"}));
  EXPECT_EQ(hastes(), (Hastes{"synced Query", "synced Query"}));
}

TEST_F(RelayLag, WhatRunsUsersCodeIsSynced) {
  begin();
  (void)hastes();
  run("insert into noisy values (1)", "INSERT 0 1", 'T');
  EXPECT_EQ(hastes(), (Hastes{"synced Query", "lags ok"}));
  client(bytes_of(wire::Query{"commit"}));
  answer_schemas({"app"}, 'T');
  answer({"C COMMIT", "Z I"});
  EXPECT_EQ(hastes(), (Hastes{"synced Query", "synced ok"}));
}

TEST_F(RelayLag, WhatIsRolledBackIsToldWithItsOutcomeOnDisk) {
  begin();
  run("insert into t values (1)", "INSERT 0 1", 'T');
  (void)hastes();
  run("rollback", "ROLLBACK", 'I');
  EXPECT_EQ(hastes(), (Hastes{"lags Query", "synced ok"}));
}

TEST_F(RelayLag, WhatMayComeBehindTheBlockIsSynced) {
  begin();
  (void)hastes();
  client(bytes_of(wire::Query{"rollback"}, wire::Query{"insert into t values (1)"}));
  EXPECT_EQ(hastes(), (Hastes{"lags Query", "synced Query"}));
}

TEST_F(RelayLag, ACommitThatWasBoundBeforeWhatItCommitsIsRecordedAgain) {
  begin();
  client(bytes_of(wire::Parse{"c", "commit", {}}, wire::Bind{"c", "c", {}, {}, {}}, wire::Sync{}));
  answer({"1", "2", "Z T"});
  run("insert into t values (1)", "INSERT 0 1", 'T');
  (void)hastes();
  client(bytes_of(wire::Execute{"c", 0}, wire::Sync{}));
  EXPECT_EQ(hastes(), (Hastes{"synced Execute"}));
}

TEST_F(RelayLag, ACommitThatWasBoundWhenNothingHadChangedIsRecordedAgain) {
  begin();
  client(bytes_of(wire::Parse{"i", "insert into noisy values (1)", {}}, wire::Bind{"i", "i", {}, {}, {}},
                  wire::Sync{}));
  answer({"1", "2", "Z T"});
  client(bytes_of(wire::Parse{"c", "commit", {}}, wire::Bind{"c", "c", {}, {}, {}}, wire::Sync{}));
  answer({"1", "2", "Z T"});
  (void)hastes();
  client(bytes_of(wire::Execute{"i", 0}, wire::Execute{"c", 0}, wire::Sync{}));
  EXPECT_EQ(hastes(), (Hastes{"synced Execute"}));
}

TEST_F(RelayLag, InALongPipelineNobodyLooksWhetherTheBlockIsStillOpen) {
  begin();
  (void)hastes();
  for (int i = 0; i < 100; ++i) client(bytes_of(wire::Query{"insert into t values (1)"}));
  const auto all = hastes();
  ASSERT_EQ(all.size(), 100u);
  EXPECT_EQ(all.front(), "lags Query");
  EXPECT_EQ(all.back(), "synced Query");
}

// PostgreSQL as far as transactions go: what was executed in one is committed or undone with it. It is told
// of each message up to where the log is synced by then.
class Transactions {
 public:
  struct Committed {
    std::string what;
    std::uint64_t synced = 0;
  };

  std::string on_bytes(std::string_view bytes, std::uint64_t synced) {
    synced_ = synced;
    std::string out;
    while (!bytes.empty()) {
      const auto header = wire::peek_frontend(bytes);
      const auto size = (*header)->frame_size();
      if (!skipping_ || (*header)->type == 'S') answer((*header)->type, bytes.substr(5, size - 5), out);
      bytes.remove_prefix(size);
    }
    return out;
  }
  std::vector<Committed> committed;

 private:
  struct Portal {
    std::string text, what;
  };

  void answer(char type, std::string_view body, std::string& out) {
    switch (type) {
      case 'Q': {
        const std::string text(wire::decode<wire::Query>(body)->text);
        statements_.erase("");
        const auto tag = execute({text, text});
        if (tag.empty()) fail();
        out += from_server({tag.empty() ? "E 42601" : "C " + tag});
        return end_pipeline(out);
      }
      case 'P': {
        const auto parse = wire::decode<wire::Parse>(body);
        if (is_refused(std::string(parse->text))) return fail_part(out);
        statements_[std::string(parse->statement)] = parse->text;
        out += from_server({"1"});
        return;
      }
      case 'B': {
        const auto bind = wire::decode<wire::Bind>(body);
        const auto found = statements_.find(std::string(bind->statement));
        if (found == statements_.end() || is_refused(found->second)) return fail_part(out);
        const auto& given = bind->parameters;
        portals_[std::string(bind->portal)] = {found->second, given.empty() ? "" : std::string(*given[0])};
        out += from_server({"2"});
        return;
      }
      case 'E': {
        const auto found = portals_.find(std::string(wire::decode<wire::Execute>(body)->portal));
        if (found == portals_.end()) return fail_part(out);
        const auto tag = execute(Portal(found->second));
        if (tag.empty()) return fail_part(out);
        out += from_server({"C " + tag});
        return;
      }
      case 'S': skipping_ = false; return end_pipeline(out);
      default: return;
    }
  }
  [[nodiscard]] bool is_refused(const std::string& text) const {
    return text.starts_with("PORT") || (status_ == 'E' && text != "commit" && text != "rollback");
  }
  // The command tag; empty: it fails.
  std::string execute(const Portal& portal) {
    const auto& text = portal.text;
    if (is_refused(text)) return {};
    if (text == "begin") return status_ = 'T', "BEGIN";
    if (text == "rollback") return end(false), "ROLLBACK";
    if (text == "commit") return end(status_ != 'E');
    if (text.starts_with("insert")) return changes_.push_back(portal.what), "INSERT 0 1";
    return "SELECT 0";
  }
  std::string end(bool commits) {
    for (auto& what : changes_) {
      if (commits) committed.push_back({std::move(what), synced_});
    }
    changes_.clear();
    portals_.clear();
    status_ = 'I';
    return commits ? "COMMIT" : "ROLLBACK";
  }
  void fail() {
    if (status_ == 'I') {
      end(false);
    } else {
      status_ = 'E';
    }
  }
  void fail_part(std::string& out) {
    fail();
    skipping_ = true;
    out += from_server({"E 42601"});
  }
  void end_pipeline(std::string& out) {
    if (status_ == 'I') end(true);
    out += from_server({std::string("Z ") + status_});
  }

  std::map<std::string, std::string> statements_;
  std::map<std::string, Portal> portals_;
  std::vector<std::string> changes_;
  char status_ = 'I';
  bool skipping_ = false;
  std::uint64_t synced_ = 0;
};

class RelayLagProperty : public RelayLag {
 protected:
  std::string number() { return std::to_string(++count_); }
  std::string random_message() {
    const auto one_of = [this](std::initializer_list<const char*> names) {
      return std::string(names.begin()[random() % names.size()]);
    };
    const auto insert = [](const std::string& value) { return "insert into t values (" + value + ")"; };
    const std::string text = one_of({"begin", "begin", "commit", "rollback", "select * from t", "", "", ""});
    const std::string portal = one_of({"p", "q"});
    switch (random() % 10) {
      case 0:
      case 1:
      case 2:
      case 3: return bytes_of(wire::Query{text.empty() ? insert(number()) : text});
      case 4:
      case 5: {
        if (!text.empty())
          return bytes_of(wire::Parse{"", text, {}}, wire::Bind{portal, "", {}, {}, {}}, wire::Sync{});
        const auto told = number();
        return bytes_of(wire::Parse{"", insert("$1"), {}}, wire::Bind{portal, "", {}, {told}, {}});
      }
      case 6:
      case 7: return bytes_of(wire::Execute{portal, 0});
      default: return bytes_of(wire::Sync{});
    }
  }
  // Behind the last decision that is awaited where it was appended.
  std::uint64_t synced() const {
    for (std::size_t i = sink.records.size(); i > 0; --i) {
      const auto* decision = std::get_if<audit::DecisionRecord>(&sink.records[i - 1]);
      if (decision != nullptr && !decision->may_lag) return i;
    }
    return 0;
  }
  // Its decision; none: one beyond all.
  std::uint64_t record_of(const std::string& what) const {
    for (std::size_t i = 0; i < sink.records.size(); ++i) {
      const auto* decision = std::get_if<audit::DecisionRecord>(&sink.records[i]);
      if (decision == nullptr) continue;
      const bool is_bound = !decision->parameters.empty() && decision->parameters.front().value == what;
      if (is_bound || (decision->message == "Query" && decision->text == what)) return i;
    }
    return ~std::uint64_t{0};
  }

  std::mt19937 random{20261122};

 private:
  std::uint64_t count_ = 0;
};

TEST_F(RelayLagProperty, WhatIsCommittedIsSynced) {
  std::size_t committed = 0, lagged = 0;
  for (int round = 0; round < 3000; ++round) {
    Transactions database;
    sink.records.clear();
    told_ = 0;
    sink.sync();
    with_session({});
    client_rest.clear();
    server_rest.clear();
    std::string answers, flow;
    for (int i = 0; i < 24; ++i) {
      for (std::string rest = random_message(); !rest.empty();) {  // one at a time
        const auto size = (*wire::peek_frontend(rest))->frame_size();
        const std::string message = rest.substr(0, size);
        rest.erase(0, size);
        flow += frontend_text(message) + " ";
        client(message);
        answers += database.on_bytes(relay.take_to_server(), synced());
        if (random() % 4 > 0) server_bytes(std::exchange(answers, {}));
        answers += database.on_bytes(relay.take_to_server(), synced());
      }
    }
    ASSERT_FALSE(relay.ended()) << flow << relay.end_reason();
    for (const auto& one : database.committed)
      ASSERT_LT(record_of(one.what), one.synced) << "round " << round << ", " << one.what << ": " << flow;
    committed += database.committed.size();
    for (const auto& haste : hastes()) lagged += haste.starts_with("lags") ? 1 : 0;
  }
  EXPECT_GT(committed, 3000u);
  EXPECT_GT(lagged, 3000u);
}

}  // namespace
}  // namespace portcullis::session
