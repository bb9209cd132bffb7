#include "session/own_request.hpp"

#include <utility>

#include "catalog/queries.hpp"
#include "portcullis/wire/messages.hpp"
#include "shadow/session_settings.hpp"

namespace portcullis::session {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;
namespace type = wire::backend_type;

namespace {

constexpr std::size_t kMaxSchemas = 1'000, kMaxSettings = 100;

constexpr std::string_view kSchemas = "SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))";
constexpr std::string_view kClaims =
    "SELECT pg_catalog.current_setting('portcullis.reason', true), "
    "pg_catalog.current_setting('portcullis.confidence', true), "
    "pg_catalog.current_setting('portcullis.trace', true)";
constexpr std::string_view kIsolation = "SELECT pg_catalog.current_setting('transaction_isolation')";

// A plan of a prepared statement goes on with the table that it was made for when a new one of the same name
// stands before it on the search_path (manual, PREPARE, "Notes"), and EXECUTE is judged by the new one.
constexpr std::string_view kPlans = "DISCARD PLANS";

// The settings that the catalog's queries need (catalog/queries.hpp), and limits of their own: the client's
// may be shorter than they take. The way back to the savepoint undoes them.
constexpr std::string_view kBegin = "SAVEPOINT portcullis_catalog";
constexpr std::string_view kSettings =
    "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), "
    "pg_catalog.set_config('standard_conforming_strings', 'on', true), "
    "pg_catalog.set_config('jit', 'off', true), "
    "pg_catalog.set_config('max_parallel_workers_per_gather', '0', true), "
    "pg_catalog.set_config('lock_timeout', '0', true), "
    "pg_catalog.set_config('statement_timeout', '30s', true)";
constexpr std::string_view kBack = "ROLLBACK TO SAVEPOINT portcullis_catalog";
constexpr std::string_view kEnd = "RELEASE SAVEPOINT portcullis_catalog";

}  // namespace

OwnRequest::OwnRequest(std::string name, int server_version, bool new_catalog, bool settings)
    : name_(std::move(name)) {
  if (server_version == 0) {
    if (settings) ask(shadow::session_settings_query(), {Purpose::settings});
    if (settings) answer_->settings = std::make_shared<SessionSettings>();
    ask(kSchemas, {Purpose::schemas});
    ask(kClaims, {Purpose::claims});
    if (new_catalog) ask(kPlans, {});
    end_group();
    return;
  }
  builder_ = std::make_unique<catalog::SnapshotBuilder>(server_version);
  ask(kBegin, {});
  ask(kSchemas, {Purpose::schemas});
  ask(kClaims, {Purpose::claims});
  ask(kIsolation, {Purpose::isolation});
  ask(kSettings, {});
  const auto queries = catalog::queries(server_version);
  for (std::size_t i = 0; i < queries.size(); ++i) ask(queries[i].sql, {Purpose::catalog, i});
  ask(kPlans, {});
  end_group();
  ask(kBack, {});
  ask(kEnd, {});
  end_group();
}

OwnRequest::~OwnRequest() = default;

// An earlier request that failed may have left the name behind.
void OwnRequest::ask(std::string_view sql, Question question) {
  encode(out_, wire::Close{'P', name_});
  encode(out_, wire::Close{'S', name_});
  encode(out_, wire::Parse{name_, sql, {}});
  encode(out_, wire::Bind{name_, name_, {}, {}, {}});
  encode(out_, wire::Execute{name_, 0});
  questions_.push_back(question);
}

void OwnRequest::end_group() {
  encode(out_, wire::Close{'P', name_});
  encode(out_, wire::Close{'S', name_});
  encode(out_, wire::Sync{});
  groups_.push_back(questions_.size());
}

OwnRequest::Next OwnRequest::on_message(char message, std::string_view body) {
  switch (message) {
    case type::data_row:
      if (answer_) {
        if (const auto taken = take_row(body); !taken) answer_ = taken.error();
      }
      return Next::read;
    case type::command_complete:
      if (at_ == groups_[group_]) return Next::violation;
      ++at_;
      return Next::read;
    case type::error_response: {
      const auto response = wire::decode<wire::ErrorResponse>(body);
      if (!response) return Next::violation;
      if (answer_) answer_ = wire::to_error(*response);
      return Next::read;
    }
    case type::ready_for_query: return on_ready(body);
    case type::parse_complete:
    case type::bind_complete:
    case type::close_complete:
    case type::notice_response: return Next::read;
    default: return Next::violation;
  }
}

Result<void> OwnRequest::take_row(std::string_view body) {
  const auto row = wire::decode<wire::DataRow>(body);
  if (!row) return row.error();
  if (at_ == groups_[group_]) {
    return Error{sqlstate::protocol_violation, "the database sent a row that belongs to no query"};
  }
  return take_fields(questions_[at_], row->fields);
}

Result<void> OwnRequest::take_fields(const Question& question,
                                     const std::vector<std::optional<std::string_view>>& fields) {
  switch (question.purpose) {
    case Purpose::command: return {};
    case Purpose::catalog: return builder_->add_row(question.query, fields);
    case Purpose::schemas:
      if (fields.size() != 1 || !fields.front() || answer_->schemas.size() == kMaxSchemas) {
        return Error{sqlstate::protocol_violation, "the database answered current_schemas() unexpectedly"};
      }
      answer_->schemas.emplace_back(*fields.front());
      return {};
    case Purpose::claims:
      if (fields.size() != 3) {
        return Error{sqlstate::protocol_violation, "the database answered current_setting() unexpectedly"};
      }
      answer_->claims.reason = sql::read_reason(fields[0].value_or(""));
      answer_->claims.confidence = sql::read_confidence(fields[1].value_or(""));
      answer_->claims.trace = sql::read_trace(fields[2].value_or(""));
      return {};
    case Purpose::settings:
      if (fields.size() != 2 || !fields[0] || !fields[1] || answer_->settings->size() == kMaxSettings) {
        return Error{sqlstate::protocol_violation, "the database answered current_setting() unexpectedly"};
      }
      answer_->settings->emplace_back(*fields[0], *fields[1]);
      return {};
    case Purpose::isolation:
      // Under the others the queries see the catalog as it was when the transaction began, while PostgreSQL
      // itself looks names up in the newest one.
      if (fields.size() == 1 && fields.front() && fields.front()->starts_with("read ")) return {};
      return Error{
          sqlstate::feature_not_supported,
          "after a change of the catalog a transaction that is REPEATABLE READ or SERIALIZABLE cannot "
          "be followed: COMMIT first, or use READ COMMITTED"};
  }
  return {};
}

OwnRequest::Next OwnRequest::on_ready(std::string_view body) {
  const auto ready = wire::decode<wire::ReadyForQuery>(body);
  if (!ready) return Next::violation;
  status_ = ready->status;
  if (answer_ && at_ != groups_[group_]) return Next::violation;
  at_ = groups_[group_++];
  if (group_ < groups_.size()) return Next::read;
  finish();
  return Next::done;
}

void OwnRequest::finish() {
  if (!answer_ || !builder_) return;
  auto built = builder_->finish();
  if (built) {
    answer_->catalog = std::move(*built);
  } else {
    answer_ = built.error();
  }
}

}  // namespace portcullis::session
