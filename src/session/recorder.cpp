#include "session/recorder.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "audit/hash.hpp"
#include "base/encoding.hpp"
#include "base/utf8.hpp"
#include "session/effect_traits.hpp"

namespace portcullis::session {
namespace {

// A parameter longer than this is recorded by its length alone.
constexpr std::size_t kMaxRecordedParameter = 64 * 1024;

audit::ParameterRecord to_record(const std::optional<std::string_view>& value) {
  using Form = audit::ParameterRecord::Form;
  if (!value) return {Form::null, {}, 0};
  if (value->size() > kMaxRecordedParameter) return {Form::length, {}, value->size()};
  if (base::is_valid_utf8(*value)) return {Form::text, std::string(*value), 0};
  return {Form::hex, base::to_hex(*value), 0};
}

// Of each kind the strictest.
std::vector<std::string> limits_of(const guard::Verdict& verdict) {
  policy::ResultLimits strictest;
  for (const auto& limits : verdict.demand.results) strictest.lower(limits);
  std::vector<std::string> texts;
  const auto add = [&](const char* kind, const std::optional<policy::Ceiling>& ceiling,
                       const char* unit = "") {
    if (ceiling)
      texts.push_back(kind + (" " + std::to_string(ceiling->most)) + unit + " of rule " + ceiling->rule);
  };
  add("rows_returned", strictest.rows);
  add("bytes_returned", strictest.bytes);
  add("time", strictest.time, " ms");
  add("cost", strictest.cost);
  return texts;
}

void note_claims(const sql::Claims& claims, audit::DecisionRecord& record) {
  constexpr double kWhole = 10'000;
  record.trace = claims.trace;
  record.said_reason = claims.reason;
  if (claims.confidence)
    record.said_confidence = static_cast<std::uint64_t>(std::llround(*claims.confidence * kWhole));
}

}  // namespace

base::Result<std::uint64_t> Recorder::decision(const guard::Verdict& verdict, const Subject& subject) {
  audit::DecisionRecord record;
  record.session = identity_.session;
  record.agent = identity_.agent;
  record.role = identity_.role;
  record.message = subject.message;
  record.verdict = name(verdict.outcome);
  if (subject.facts != nullptr) {
    for (const auto& statement : subject.facts->statements) {
      if (!statement.kind.empty()) record.kinds.push_back(statement.kind);  // none: it was not understood
    }
  }
  const auto* snapshot = subject.basis == nullptr ? nullptr : subject.basis->snapshot.get();
  record.effects.reserve(verdict.decision.effects.size());
  for (const auto& effect : verdict.decision.effects)
    record.effects.push_back(effect_record(effect, verdict.resolution.get(), snapshot));
  if (const auto* decisive = verdict.decision.decisive()) record.rule = decisive->rule;
  if (const auto& told = verdict.refusal ? verdict.refusal : verdict.would_refuse) {
    record.sqlstate = told->code.view();
    record.reason = told->message;
  }
  record.text = subject.text;
  record.text_length = std::max<std::uint64_t>(subject.text_length, subject.text.size());
  if (subject.basis != nullptr) record.policy_hash = subject.basis->guard->policy().hash();
  if (subject.basis != nullptr && subject.basis->snapshot) {
    record.catalog = subject.basis->snapshot->fingerprint();
    record.catalog_age = needs_.basis->age();
  }
  record.statement = subject.statement;
  if (subject.bind != nullptr) {
    for (const auto& parameter : subject.bind->parameters) record.parameters.push_back(to_record(parameter));
  } else if (subject.parameter_bytes > 0) {
    record.parameters.push_back({audit::ParameterRecord::Form::length, {}, subject.parameter_bytes});
  }
  if (verdict.allowed() && subject.key && !subject.is_paid) {
    for (const auto& use : verdict.demand.rules)
      record.rates.insert(record.rates.end(), use.statements, use.rule);
  }
  note_claims(verdict.claims, record);
  if (verdict.allowed()) record.limits = limits_of(verdict);
  record.may_lag = verdict.allowed() && subject.may_lag;
  record.checkpoint_at_once = verdict.allowed() && verdict.demand.ddl > 0;
  const auto& limit = verdict.row_limit ? verdict.row_limit : verdict.row_limit_at_commit;
  if (limit && verdict.allowed()) record.rows_limit = limit->rows;
  if (subject.dry_run != nullptr) {
    const auto kept = dry_run(*subject.dry_run);
    if (!kept) return kept.error();
    record.dry_run = *kept;
  }
  return needs_.sink->append(std::move(record));
}

base::Result<std::string> Recorder::dry_run(const shadow::Report& report) {
  audit::DryRunRecord record;
  record.session = identity_.session;
  record.report = shadow::to_json(report);
  record.hash = audit::sha256_hex(record.report);
  std::string hash = record.hash;
  const auto appended = needs_.sink->append(std::move(record));
  if (!appended) return appended.error();
  return hash;
}

std::optional<std::uint64_t> Recorder::outcome(std::uint64_t decision, std::string_view result, Reply* reply,
                                               char transaction_status, bool may_lag) {
  audit::OutcomeRecord record;
  record.session = identity_.session;
  record.decision = decision;
  record.result = result;
  record.transaction_status = transaction_status;
  record.may_lag = may_lag;
  if (reply != nullptr) {
    record.tags = std::move(reply->tags);
    record.sqlstate = reply->sqlstate;
    record.error = reply->error;
    record.rows = reply->rows;
    record.bytes = reply->bytes;
    record.limit = reply->limit;
    record.changed = reply->changed;
    record.attempts = reply->attempts;
    record.differs = reply->differences;
    record.duration =
        std::chrono::duration_cast<std::chrono::microseconds>(needs_.clock->steady() - reply->sent);
  }
  const auto appended = needs_.sink->append(std::move(record));
  if (!appended) return std::nullopt;
  return *appended;
}

base::Result<std::uint64_t> Recorder::counted(std::string_view rule, std::string_view sqlstate,
                                              std::uint64_t count) {
  audit::CountedRecord record;
  record.session = identity_.session;
  record.agent = identity_.agent;
  record.count = count;
  record.rule = rule;
  record.sqlstate = sqlstate;
  return needs_.sink->append(std::move(record));
}

base::Result<std::uint64_t> Recorder::session(std::string_view event, std::string_view reason,
                                              std::optional<std::uint32_t> server_pid) {
  audit::SessionRecord record;
  record.event = event;
  record.session = identity_.session;
  record.agent = identity_.agent;
  record.owner = identity_.owner;
  record.login = identity_.login;
  record.client_address = identity_.client_address;
  record.application_name = identity_.application_name;
  record.database = identity_.database;
  record.role = identity_.role;
  record.tls = identity_.tls;
  record.tls_version = identity_.tls_version;
  record.tls_cipher = identity_.tls_cipher;
  record.certificate = identity_.certificate;
  record.auth = identity_.proof;
  record.server_pid = server_pid;
  record.reason = reason;
  return needs_.sink->append(std::move(record));
}

}  // namespace portcullis::session
