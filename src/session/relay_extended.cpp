// Relay, the extended query protocol: Parse, Bind, Execute and Close, and what their names stand for. Manual
// 55.2.3.
#include <algorithm>
#include <utility>

#include "guard/plan_cost.hpp"
#include "session/relay.hpp"
#include "session/relay_messages.hpp"
#include "session/row_duties.hpp"

namespace portcullis::session {

using base::Error;
namespace sqlstate = base::sqlstate;
namespace type = wire::frontend_type;

namespace {

// A Bind above this streams: its parameters are recorded by length.
constexpr std::size_t kMaxBufferedBind = 1u << 20;
// A Bind above this is not kept until its portal runs.
constexpr std::size_t kMaxKeptBind = 4 * 1024;
// The server tells names apart by their first 63 bytes (NAMEDATALEN), so a longer one would be another name
// there.
constexpr std::size_t kMaxName = 63;

Error name_too_long() {
  return {sqlstate::program_limit_exceeded,
          "names of prepared statements and portals have at most 63 bytes: use a shorter one"};
}

// One Execute counts against all that its portal may be.
void add_plan(std::vector<ResultPlan>& plans, const ResultPlan& plan) {
  if (plans.empty()) return plans.push_back(plan);
  auto& one = plans.front();
  one.meters.insert(one.meters.end(), plan.meters.begin(), plan.meters.end());
  one.fetches.insert(plan.fetches.begin(), plan.fetches.end());
  one.of_agent = one.of_agent || plan.of_agent;
}

Error which_portal() {
  return {
      sqlstate::feature_not_supported,
      "which of several portals this is cannot be told before the answers to their Binds are in, and what it "
      "runs is limited: send a Sync and wait for its answer"};
}

}  // namespace

void Relay::on_parse(std::string_view name, std::string_view frame, const Judgement& judgement) {
  if (!judgement.allowed) return stage_refusal(type::parse, Request::parse, name, judgement);
  if (name.size() > kMaxName) {
    return stage_refusal(type::parse, Request::parse, name, judge_.refuse("Parse", name_too_long()));
  }
  if (registry_.prepared.full(name)) {
    return stage_refusal(type::parse, Request::parse, name,
                         judge_.refuse("Parse", {sqlstate::configuration_limit_exceeded,
                                                 "too many prepared statements in one session: close some"}));
  }
  registry_.prepared.add(name, judgement.statement, registry_.pipeline);
  Reply reply;
  reply.request = Request::parse;
  reply.name = name;
  reply.statement = judgement.statement;
  stage_judged(type::parse, frame, std::move(reply), judgement);
}

std::optional<std::size_t> Relay::on_bind(std::string_view bytes, const wire::FrameHeader& header) {
  if (header.frame_size() > needs_.session.message_bytes) {
    stage_refusal(type::bind, Request::bind, {},
                  judge_.refuse("Bind", too_long_message(header.frame_size())));
    return swallow(bytes, header);
  }
  const bool whole = header.body_size <= kMaxBufferedBind;
  if (bytes.size() < (whole ? header.frame_size() : 5 + kMaxBufferedBind)) return std::nullopt;
  const auto part = bytes.substr(0, std::min(bytes.size(), header.frame_size()));
  client_stream_left_ = header.frame_size() - part.size();

  const auto body = part.substr(5, whole ? part.size() : kHead);
  const auto portal = until_zero(body);
  const auto statement = until_zero(body.substr(std::min(body.size(), portal.size() + 1)));
  std::optional<wire::Bind> bind;
  if (whole) {
    auto decoded = wire::decode<wire::Bind>(body);
    if (!decoded) {
      stage_refusal(type::bind, Request::bind, {}, judge_.refuse("Bind", decoded.error()));
      return part.size();
    }
    bind = std::move(*decoded);
  }
  // Without their ends in sight the names are too long in any case.
  Judgement judgement = portal.size() > kMaxName || statement.size() > kMaxName
                            ? judge_.refuse("Bind", name_too_long())
                            : judge_.bind(statement, bind ? &*bind : nullptr, header.body_size);
  if (ask_for_newer_catalog(judgement) || ask_for_dry_run(judgement)) {
    client_stream_left_ = 0;
    return std::nullopt;
  }
  if (judgement.allowed && judgement.cost && !judgement.portal->is_planned() && part.size() > kMaxKeptBind) {
    judgement = judge_.refuse(
        "Bind",
        guard::cost_refusal(*judgement.cost, "the parameters are too long for an estimate of the cost"));
  }
  if (judgement.allowed && registry_.portals.full(portal)) {
    judgement =
        judge_.refuse("Bind", {sqlstate::configuration_limit_exceeded, "too many portals in one session"});
  }
  if (!judgement.allowed) {
    client_stream_dropped_ = client_stream_left_ > 0;
    stage_refusal(type::bind, Request::bind, {}, judgement);
    return part.size();
  }
  registry_.portals.add(portal, judgement.portal, registry_.pipeline);
  if (!judgement.is_tried && judgement.consequences.runs_code) settings_ = nullptr;  // planning may run it
  Reply reply;
  reply.request = Request::bind;
  reply.name = portal;
  reply.portal = judgement.portal;
  if (judgement.cost && !judgement.portal->is_planned()) {
    judgement.portal->cost_to_ask = judgement.cost;
    judgement.portal->bind = part;
  } else {
    reply.cost = judgement.cost;
  }
  if (judgement.lock_duty && part.size() <= kMaxKeptBind && client_stream_left_ == 0)
    judgement.portal->bind = part;
  // Planning is a part of it, and runs what is called IMMUTABLE.
  if (judgement.rows_duty && judgement.rows_duty->runs_at_bind) reply.rows_duty = judgement.rows_duty;
  stage_judged(type::bind, part, std::move(reply), judgement);
  return part.size();
}

// One with a body fails as a part of the extended query protocol: what follows is skipped to the Sync.
void Relay::refuse_flush() {
  Judgement malformed;
  malformed.refusal = {sqlstate::protocol_violation, "invalid message format: a Flush has no body"};
  stage_refusal(type::execute, Request::execute, {}, malformed);
}

void Relay::on_execute(std::string_view frame) {
  const auto execute = wire::decode<wire::Execute>(frame.substr(5));
  if (!execute)
    return stage_refusal(type::execute, Request::execute, {}, judge_.refuse("Execute", execute.error()));
  const auto portals = registry_.portals.find(execute->portal, registry_.pipeline);
  if (portals.empty()) {
    const Judgement judgement = judge_.execute_cursor(execute->portal);
    if (!judgement.allowed) return stage_refusal(type::execute, Request::execute, {}, judgement);
    Reply reply = reply_to(Request::execute, judgement);
    return stage_judged(type::execute, frame, std::move(reply), judgement);
  }
  if (portals.size() > 1) {
    for (const auto& portal : portals) {
      if (portal->cost_to_ask || portal->results.declared)
        return stage_refusal(type::execute, Request::execute, {}, judge_.refuse("Execute", which_portal()));
    }
  }
  if (std::any_of(portals.begin(), portals.end(),
                  [this](const auto& portal) { return has_strayed(*portal); })) {
    return stage_refusal(type::execute, Request::execute, {},
                         judge_.refuse("Execute", {sqlstate::insufficient_privilege,
                                                   "something was executed since this was tried out: bind it "
                                                   "again"}));
  }
  for (const auto& portal : portals) portal->tried_settings = nullptr;
  const bool commits_alone = std::ranges::any_of(portals, [](const auto& portal) {
    return std::ranges::any_of(portal->statements,
                               [](const auto& statement) { return may_commit(*statement->facts); });
  });
  if (std::any_of(portals.begin(), portals.end(),
                  [this](const auto& portal) { return judge_.is_outdated(*portal); })) {
    const Judgement judgement = judge_.execute_again(portals);
    if (!judgement.allowed) return stage_refusal(type::execute, Request::execute, {}, judgement);
    Reply reply = reply_to(Request::execute, judgement);
    reply.portal = portals.back();
    reply.cost = portals.back()->cost_to_ask;
    reply.may_commit = commits_alone;
    return stage_judged(type::execute, frame, std::move(reply), judgement);
  }
  // Each run of a PREPARE may make its name anew.
  for (const auto& statement : portals.back()->statements) judge_.learn_names(statement);
  Staged staged;
  staged.type = type::execute;
  staged.bytes = frame;
  Reply& reply = staged.reply.emplace();
  reply.request = Request::execute;
  reply.portal = portals.back();
  reply.cost = portals.back()->cost_to_ask;
  reply.decision = portals.back()->record;
  reply.key = portals.back()->key;
  reply.consequences = {.changes = false};
  for (const auto& portal : portals) {
    reply.consequences |= portal->consequences;
    if (portal->results.counts() || portal->results.declared) add_plan(reply.results, portal->results);
    reply.rows_duty = stricter(reply.rows_duty, portal->rows_duty);
    // Of several it is not known which it is: then it is not compared.
    if (portal->lock_duty) reply.lock_duty = portal->lock_duty;
  }
  reply.may_commit = commits_alone;
  if (reply.lock_duty && portals.size() > 1) reply.lock_duty->is_one_statement = false;
  if (portals.size() == 1 && portals.front()->statements.size() == 1)
    reply.statement = portals.front()->statements.front();
  stage(std::move(staged));
}

void Relay::on_close_message(std::string_view frame) {
  const auto message = wire::decode<wire::Close>(frame.substr(5));
  Staged staged;
  staged.type = type::close;
  staged.bytes = frame;
  Reply& reply = staged.reply.emplace();
  reply.request = Request::close;
  if (!message) return stage(std::move(staged));  // the server says itself what is wrong with it
  reply.kind = message->kind;
  reply.name = message->name;
  if (message->kind == 'S') {
    const auto statements = registry_.prepared.find(message->name, registry_.pipeline);
    if (!statements.empty()) reply.statement = statements.back();
  } else {
    const auto portals = registry_.portals.find(message->name, registry_.pipeline);
    if (!portals.empty()) reply.portal = portals.back();
  }
  stage(std::move(staged));
}

}  // namespace portcullis::session
