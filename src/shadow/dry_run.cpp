#include "shadow/dry_run.hpp"

#include "portcullis/wire/messages.hpp"
#include "shadow/copy_fault.hpp"
#include "shadow/quote.hpp"
#include "wire/message_loop.hpp"

namespace portcullis::shadow {

using base::Error;
namespace sqlstate = base::sqlstate;
namespace type = wire::backend_type;

namespace {

// What the shadow may make the gate hold.
constexpr std::uint32_t kMaxMessage = 16u << 20;
constexpr std::size_t kMaxRows = 100'000;
constexpr std::string_view kReadable = "SET LOCAL client_encoding TO 'UTF8'; ";

std::string set(std::string_view name, std::string_view value, bool is_local) {
  return "; SELECT pg_catalog.set_config(" + literal(name) + ", " + literal(value) +
         (is_local ? ", true)" : ", false)");
}

// It may leave a transaction open that is another one.
bool ends_transaction(std::string_view tag) {
  return tag == "COMMIT" || tag == "ROLLBACK" || tag == "PREPARE TRANSACTION";
}

// The gate's own timeouts, which say nothing of the statement.
bool is_timeout(const Error& error) {
  const auto code = error.code.view();
  return code == "55P03" || code == "57014";
}

Error not_to_be_tried() {
  return {sqlstate::feature_not_supported, "the statement ends its transaction and cannot be tried out"};
}

}  // namespace

// A backslash means itself: the session's standard_conforming_strings is on. Whatever the role or the
// database is set to, one transaction is like the other, and no worker's reads go uncounted.
std::string opening_of(const RunPlan& plan) {
  const bool is_inside = !plan.outside;
  std::string sql = is_inside ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
                              : "SET default_transaction_read_only TO off";
  for (const auto& [name, value] : plan.settings) sql += set(name, value, is_inside);
  sql += set("max_parallel_workers_per_gather", "0", is_inside);
  sql += set("lock_timeout", in_milliseconds(plan.lock_timeout), is_inside);
  sql += set("statement_timeout", in_milliseconds(plan.statement_timeout), is_inside);
  if (!plan.role.empty()) sql += "; SET LOCAL ROLE " + identifier(plan.role);
  return sql;
}

DryRun::DryRun(RunPlan plan, const Baseline& baseline, Counters& counters)
    : plan_(std::move(plan)), baseline_(baseline), counters_(counters) {
  ask(Step::begin);
}

// The statement's own settings and role shall not decide what is seen.
std::string DryRun::looking() const {
  const std::string front = plan_.outside ? "BEGIN READ ONLY" : "RESET ROLE";
  return front + "; " + std::string(kReadable) + "SET LOCAL statement_timeout TO " +
         literal(in_milliseconds(plan_.statement_timeout)) + "; " +
         (plan_.outside ? seen_query({}) : std::string(facts_query()));
}

void DryRun::ask(Step step) {
  step_ = step;
  has_failed_ = false;
  rows_.clear();
  switch (step) {
    case Step::begin: return query(opening_of(plan_));
    case Step::earlier: return execute(plan_.earlier[earlier_], {});
    case Step::count: return query(counters_.query());
    case Step::hold: return query(facts_query());
    case Step::before:
      return query("BEGIN READ ONLY; " + std::string(kReadable) + seen_query(*plan_.outside) + "; COMMIT");
    case Step::run: return execute(plan_.statement, plan_.parameters.value_or(Parameters{}));
    case Step::deferred: return query("SET CONSTRAINTS ALL IMMEDIATE");
    case Step::look: return query(looking());
    case Step::columns: return query(columns_query(tables_));
    case Step::parts: return query(parts_query(tables_));
    case Step::roll_back: return query("ROLLBACK");
    case Step::discard: return query("DISCARD ALL");
  }
}

void DryRun::query(std::string_view sql) {
  encode(out_, wire::Query{sql});
}

// By the extended protocol, where a text is one statement at most.
void DryRun::execute(std::string_view statement, const Parameters& parameters) {
  encode(out_, wire::Parse{"", statement, parameters.types});
  encode(out_,
         wire::Bind{"", "", parameters.formats, {parameters.values.begin(), parameters.values.end()}, {}});
  encode(out_, wire::Execute{"", 0});
  encode(out_, wire::Sync{});
}

DryRun::Next DryRun::on_bytes(std::string_view bytes, std::size_t& consumed) {
  return wire::each_message<Next>(
      bytes, consumed, kMaxMessage,
      [this](char message, std::string_view body) { return on_message(message, body); },
      [this](Error error) { return fail(std::move(error)); });
}

DryRun::Next DryRun::on_message(char message, std::string_view body) {
  switch (message) {
    case type::data_row: {
      // What the statement gives back is nobody's; the gate's own questions are.
      if (!is_asked(step_)) return Next::read;
      const auto row = wire::decode<wire::DataRow>(body);
      if (!row) return fail(row.error());
      if (rows_.size() == kMaxRows)
        return fail({sqlstate::program_limit_exceeded, "too many relations are locked"});
      Row& kept = rows_.emplace_back();
      for (const auto& field : row->fields)
        kept.push_back(field ? std::optional(std::string(*field)) : std::nullopt);
      return Next::read;
    }
    case type::command_complete: {
      const auto complete = wire::decode<wire::CommandComplete>(body);
      if (!complete) return fail(complete.error());
      const bool is_told = step_ == Step::run || step_ == Step::earlier;
      if (is_told && ends_transaction(complete->tag)) return fail(not_to_be_tried());
      if (step_ == Step::run) facts_.tag = complete->tag;
      return Next::read;
    }
    case type::error_response: return on_error(body);
    case type::ready_for_query: {
      const auto ready = wire::decode<wire::ReadyForQuery>(body);
      return ready ? on_ready(ready->status) : fail(ready.error());
    }
    // Nobody sends data. The server's error follows, and the Sync that was sent already is swallowed with the
    // data.
    case type::copy_in_response: return fail({sqlstate::feature_not_supported, "COPY cannot be tried out"});
    case type::copy_out_response:
    case type::copy_data:
    case type::copy_done:
    case type::row_description:
    case type::no_data:
    case type::empty_query_response:
    case type::parse_complete:
    case type::bind_complete:
    case type::notice_response:
    case type::notification_response:
    case type::parameter_status: return Next::read;
    default: return fail_out_of_order();
  }
}

DryRun::Next DryRun::on_error(std::string_view body) {
  const auto response = wire::decode<wire::ErrorResponse>(body);
  if (!response) return fail(response.error());
  auto error = wire::to_error(*response);
  const bool is_fatal = response->field('V') == "FATAL" || response->field('V') == "PANIC";
  if (is_fatal || !is_clients(step_) || is_timeout(error) || is_fault_of_copy(error.code)) {
    error.message.insert(0, "the shadow could not try it out: ");
    return fail(std::move(error));
  }
  has_failed_ = true;
  if (!facts_.failure) {
    facts_.failure = std::move(error);
    facts_.failed_by = {std::string(response->field('s')), std::string(response->field('t')),
                        std::string(response->field('c')), std::string(response->field('n'))};
  }
  return Next::read;
}

char DryRun::due_status() const noexcept {
  const bool is_over = step_ == Step::roll_back || step_ == Step::discard;
  const bool is_outside =
      plan_.outside && (step_ == Step::begin || step_ == Step::before || step_ == Step::run);
  if (is_over || is_outside) return 'I';
  return has_failed_ ? 'E' : 'T';
}

// A statement that has ended the transaction was none for here: what it did is done, if only in the shadow.
DryRun::Next DryRun::on_ready(char status) {
  if (status != due_status()) {
    return is_clients(step_) || step_ == Step::earlier ? fail(not_to_be_tried()) : fail_out_of_order();
  }
  if (has_failed_) {
    counters_.forget();
    ask(Step::roll_back);
    return Next::read;
  }
  return after(step_);
}

DryRun::Next DryRun::after(Step step) {
  switch (step) {
    case Step::begin:
      ask(plan_.outside ? Step::before : plan_.earlier.empty() ? Step::count : Step::earlier);
      break;
    case Step::earlier: ask(++earlier_ < plan_.earlier.size() ? Step::earlier : Step::count); break;
    case Step::count:
      if (const auto taken = counters_.take(rows_); !taken) return fail(taken.error());
      ask(plan_.earlier.empty() ? Step::run : Step::hold);
      break;
    case Step::hold: {
      auto held = Held::read(rows_);
      if (!held) return fail(held.error());
      held_ = std::move(*held);
      ask(Step::run);
      break;
    }
    case Step::before: {
      auto seen = read_seen(rows_);
      if (!seen) return fail(seen.error());
      before_ = std::move(*seen);
      ask(Step::run);
      break;
    }
    case Step::run: ask(plan_.outside ? Step::look : Step::deferred); break;
    case Step::deferred: ask(Step::look); break;
    case Step::look: return plan_.outside ? look_outside() : after_look();
    case Step::columns: return after_columns();
    case Step::parts: return after_parts();
    case Step::roll_back: ask(Step::discard); break;
    case Step::discard: return Next::done;
  }
  return Next::read;
}

DryRun::Next DryRun::after_look() {
  auto relations = read_facts(rows_, baseline_, held_, counters_);
  if (!relations) return fail(relations.error());
  facts_.relations = std::move(*relations);
  for (const Oid oid : strongly_locked(rows_)) {
    if (baseline_.tables().shapes.contains(oid)) tables_.push_back(oid);
  }
  ask(tables_.empty() ? Step::roll_back : Step::columns);
  return Next::read;
}

DryRun::Next DryRun::look_outside() {
  const auto after = read_seen(rows_);
  if (!after) return fail(after.error());
  facts_.relations = facts_by_rule(*plan_.outside, before_, *after);
  facts_.is_by_rule = true;
  facts_.waits_for_older = waits_for_older(plan_.outside->kind);
  for (const Oid oid : tables_changed(*plan_.outside, facts_.relations, *after)) {
    if (baseline_.tables().shapes.contains(oid)) tables_.push_back(oid);
  }
  ask(tables_.empty() ? Step::roll_back : Step::columns);
  return Next::read;
}

// Constraints and indexes take longer to ask for, and most statements leave them as they are.
DryRun::Next DryRun::after_columns() {
  const auto& known = baseline_.tables();
  if (!read_shapes(rows_, known.effects, shapes_)) return fail_out_of_order();
  tables_.clear();
  for (auto& [oid, shape] : shapes_) {
    const auto before = known.shapes.find(oid);
    if (before == known.shapes.end()) return fail_out_of_order();
    shape.schema = before->second.schema;
    shape.name = before->second.name;
    if (shape.stamps != before->second.stamps) {
      tables_.push_back(oid);
    } else {
      shape.constraints = before->second.constraints;
      shape.indexes = before->second.indexes;
    }
  }
  if (!tables_.empty()) {
    ask(Step::parts);
    return Next::read;
  }
  return after_parts();
}

DryRun::Next DryRun::after_parts() {
  const auto& known = baseline_.tables();
  if (step_ == Step::parts && !read_shapes(rows_, known.effects, shapes_)) return fail_out_of_order();
  settle_not_null(shapes_);
  facts_.changes = changes_between(known.shapes, shapes_);
  ask(Step::roll_back);
  return Next::read;
}

DryRun::Next DryRun::fail_out_of_order() {
  return fail({sqlstate::protocol_violation, "the shadow answered out of order"});
}

DryRun::Next DryRun::fail(Error error) {
  failure_ = std::move(error);
  return Next::failed;
}

}  // namespace portcullis::shadow
