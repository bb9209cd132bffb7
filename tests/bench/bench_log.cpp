#include "bench_log.hpp"

#include <atomic>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <thread>

#include "audit/hash.hpp"
#include "audit/log.hpp"

namespace portcullis::bench {
namespace {

constexpr std::uint64_t kDecisionsASession = 200;
constexpr std::uint64_t kDeniedOneIn = 20;
constexpr const char* kPolicy = R"({"version":1,"name":"bench","rules":[]})";

std::string text_of(std::uint64_t number) {
  const std::string key = std::to_string(100'000 + number * 7919 % 900'000);
  if (number % 16 == 5)
    return "select id, total from app.orders where city = 'M\u00fcnchen' and customer = " + key;
  const std::string gap = number % 4 == 1 ? "\n  " : " ";
  return "select o.id, o.total, c.name from app.orders o" + gap +
         "join app.customers c on c.id = o.customer" + gap + "where o.customer = " + key + gap +
         "order by o.id desc limit 20";
}

// Appends, and waits where the queue is full.
std::uint64_t append(audit::Log& log, const audit::Record& record) {
  for (;;) {
    const auto index = log.append(record);
    if (index) return *index;
    if (log.failure()) throw std::runtime_error(log.failure()->message);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

audit::SessionRecord session_record(std::uint64_t session, const char* event) {
  audit::SessionRecord record;
  record.event = event;
  record.session = session;
  record.agent = record.login = "reporting-agent";
  record.owner = "team-reports@example.com";
  record.client_address = "192.0.2.17:51234";
  record.application_name = "report-runner";
  record.database = "shop";
  record.role = "reporting";
  record.tls = true;
  record.auth = "scram-sha-256";
  record.tls_version = "TLSv1.3";
  record.tls_cipher = "TLS_AES_256_GCM_SHA384";
  return record;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory(const std::filesystem::path& parent) {
  std::string pattern = (parent / "audit-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no directory under " + parent.string());
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

audit::DecisionRecord typical_decision(std::uint64_t number, const std::string& policy_hash) {
  audit::DecisionRecord record;
  record.session = 1 + number / kDecisionsASession;
  record.agent = "reporting-agent";
  record.role = "reporting";
  record.message = "Query";
  record.verdict = number % kDeniedOneIn == 0 ? "deny" : "allow";
  record.kinds = {"SELECT"};
  record.effects = {
      {"select", "app.orders", "allow", "read-orders", {}, "rule", {}, {"id", "total"}},
      {"select", "app.customers", record.verdict, "read-orders", {}, "rule", {}, {"id", "name"}}};
  record.rule = "read-orders";
  record.policy_hash = policy_hash;
  record.catalog = std::string(16, 'c');
  record.catalog_age = std::chrono::milliseconds(number % 1000);
  if (number % 3 == 2) {
    record.message = "Bind";
    record.statement = number;
    record.parameters = {{audit::ParameterRecord::Form::text, std::to_string(number)},
                         {audit::ParameterRecord::Form::null, {}}};
  }
  record.text = text_of(number);
  return record;
}

audit::OutcomeRecord typical_outcome(std::uint64_t number, std::uint64_t decision) {
  audit::OutcomeRecord record;
  record.session = 1 + number / kDecisionsASession;
  record.decision = decision;
  record.result = "ok";
  record.tags = {"SELECT " + std::to_string(number % 20)};
  record.transaction_status = 'I';
  record.duration = std::chrono::microseconds(300 + number % 500);
  record.rows = number % 20;
  record.bytes = 120 * record.rows;
  return record;
}

namespace {

// What is written under which names, and when.
void write_log(const std::filesystem::path& directory, std::uint64_t entries, const base::Clock& clock,
               const std::function<void(std::uint64_t session, audit::SessionRecord&)>& name_session,
               const std::function<void(std::uint64_t session, audit::DecisionRecord&)>& name_decision) {
  audit::LogOptions options{.directory = directory, .origin = "bench.example.com/shop"};
  const auto log = audit::Log::open(options, clock);
  if (!log) throw std::runtime_error(log.error().message);
  const std::string hash = audit::sha256_hex(kPolicy);
  append(**log, audit::PolicyRecord{.name = "bench", .hash = hash, .bytes = kPolicy});
  const auto session_entry = [&](std::uint64_t session, const char* event) {
    auto record = session_record(session, event);
    name_session(session, record);
    append(**log, record);
  };
  std::uint64_t last = 0;
  for (std::uint64_t number = 0; last + 1 < entries; ++number) {
    const std::uint64_t session = 1 + number / kDecisionsASession;
    if (number % kDecisionsASession == 0) session_entry(session, "login");
    auto decision = typical_decision(number, hash);
    name_decision(session, decision);
    last = append(**log, decision);
    if (decision.verdict == "allow") last = append(**log, typical_outcome(number, last));
    if ((number + 1) % kDecisionsASession == 0) session_entry(session, "end");
  }
}

class SteppingClock final : public base::Clock {
 public:
  explicit SteppingClock(std::chrono::microseconds step) : step_(step.count()) {}
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::time_point(std::chrono::microseconds(micros_ += step_));
  }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::now();
  }

 private:
  const std::int64_t step_;
  mutable std::atomic<std::int64_t> micros_{1'790'000'000'000'000};
};

}  // namespace

void write_log(const std::filesystem::path& directory, std::uint64_t entries) {
  write_log(
      directory, entries, base::SystemClock{}, [](std::uint64_t, audit::SessionRecord&) {},
      [](std::uint64_t, audit::DecisionRecord&) {});
}

void write_log(const std::filesystem::path& directory, const LogShape& shape) {
  const SteppingClock clock(shape.step);
  const auto agent_of = [&](std::uint64_t session) { return session % shape.agents; };
  write_log(
      directory, shape.entries, clock,
      [&](std::uint64_t session, audit::SessionRecord& record) {
        record.agent = record.login = "agent-" + std::to_string(agent_of(session));
        record.owner = "owner-" + std::to_string(agent_of(session) % 10) + "@example.com";
      },
      [&](std::uint64_t session, audit::DecisionRecord& record) {
        record.agent = "agent-" + std::to_string(agent_of(session));
        if (session / shape.agents % 100 == 7)
          record.effects.front().object = "app.private_" + std::to_string(agent_of(session));
      });
}

}  // namespace portcullis::bench
