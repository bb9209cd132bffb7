// Relay, what a statement is planned to cost: EXPLAIN of the client's text with the client's parameters,
// asked by itself right before the statement, which is not sent before the answer is in. Planning is a part
// of the statement: where it fails, the statement has failed, and its error is what the client reads.
#include <cstdlib>
#include <utility>

#include "guard/plan_cost.hpp"
#include "portcullis/guard/verdict.hpp"
#include "session/relay.hpp"

namespace portcullis::session {

using base::Error;

namespace {

constexpr std::string_view kExplain = "EXPLAIN (FORMAT JSON) ";

// The server's error as it would have been said of the client's own message: the place in its text, the
// portal by the client's name. The gate's names are nobody's to know.
std::string as_of_client(std::string_view frame, const std::string& own_name, std::string_view portal) {
  auto response = wire::decode<wire::ErrorResponse>(frame.substr(5));
  if (!response) return std::string(frame);
  const std::string own = "portal \"" + own_name + "\"";
  const std::string theirs = portal.empty() ? "unnamed portal" : "portal \"" + std::string(portal) + "\"";
  for (auto& field : response->fields) {
    if (field.code == 'P') {
      const std::size_t told = std::strtoul(field.value.c_str(), nullptr, 10);
      field.value = std::to_string(told > kExplain.size() ? told - kExplain.size() : 1);
    }
    if (const auto at = field.value.find(own); at != std::string::npos)
      field.value.replace(at, own.size(), theirs);
  }
  std::erase_if(response->fields,
                [&](const auto& field) { return field.value.find(own_name) != std::string::npos; });
  std::string bytes;
  encode(bytes, *response);
  return bytes;
}

}  // namespace

std::string Relay::cost_name() const {
  return identity_.reserved_name + "-cost";
}

void Relay::ask_cost(const Staged& staged) {
  const bool is_query = staged.type == wire::frontend_type::query;
  const bool is_execute = staged.type == wire::frontend_type::execute;
  const bool was_asked = is_execute && !staged.reply->portal->cost_to_ask;
  if (was_asked || (is_query && status_ == 'E')) {  // then the server runs nothing
    staged_.front().asks_cost = false;
    return;
  }
  if (replies_.is_in_doubt()) {
    return refuse_cost(
        guard::cost_refusal(*staged.reply->cost,
                            "the cost cannot be asked while answers to a COPY are owed: send a "
                            "Sync and wait for its answer"),
        {});
  }
  const auto body = std::string_view(is_execute ? staged.reply->portal->bind : staged.bytes).substr(5);
  std::string text(kExplain);
  wire::Parse parse;
  wire::Bind bind;
  if (is_query) {
    text += wire::decode<wire::Query>(body)->text;
  } else {
    const auto& source = staged.reply->portal->statements.front()->source;
    auto decoded = wire::decode<wire::Bind>(body);
    if (!source || !decoded) {
      return refuse_cost(guard::cost_refusal(*staged.reply->cost,
                                             "the limit came after it was bound: prepare and "
                                             "bind it again"),
                         {});
    }
    text += source->text;
    parse.parameter_types = source->parameter_types;
    bind = *std::move(decoded);
  }
  parse.text = text;
  cost_ = std::make_unique<OwnRound>(cost_name(), parse, bind,
                                     is_query ? OwnRound::End::sync : OwnRound::End::flush);
  to_server_ += cost_->take_out();
}

bool Relay::take_cost_answer(char message, std::string_view body, std::string_view frame) {
  const auto next = cost_->on_message(message, body, frame);
  if (next == OwnRound::Next::done) finish_cost();
  return next != OwnRound::Next::violation;
}

void Relay::finish_cost() {
  const auto round = std::move(cost_);
  Staged& staged = staged_.front();
  const auto limit = *staged.reply->cost;
  staged.asks_cost = false;
  if (staged.type == wire::frontend_type::query) status_ = round->transaction_status();
  if (round->failure()) return fail_estimate(*round->failure());
  std::string plan;
  for (const auto& row : round->rows(0)) plan += row.empty() || !row[0] ? std::string() : *row[0];
  const auto cost = guard::plan_cost(plan);
  if (!cost) return refuse_cost(guard::cost_refusal(limit, cost.error().message), {});
  if (*cost > static_cast<double>(limit.most))
    return refuse_cost(guard::too_costly(limit, *cost), "cost of rule " + limit.rule);
  // The Executes behind the first go on with what it has planned.
  if (staged.type != wire::frontend_type::execute) return;
  staged.reply->portal->cost_to_ask.reset();
  staged.reply->portal->bind.clear();
}

// The database has said all that there is to say of the statement.
void Relay::fail_estimate(const OwnRound::Failure& failure) {
  Staged staged = take_staged();
  Reply& reply = *staged.reply;
  send_to_client(as_of_client(failure.frame, cost_name(), reply.name));
  if (reply.request == Request::query) {
    reply.fail(failure.error.code.view(), failure.error.message);
    withdraw(reply);
    settle(reply, "error", status_);
    std::string ready;
    encode(ready, wire::ReadyForQuery{status_});
    if (staged_.empty()) judge_.rest();
    return send_to_client(ready);
  }
  note_pipeline(staged.type);
  replies_.push(std::move(reply));
  fail_front(failure.error.code.view(), failure.error.message);
}

void Relay::refuse_cost(Error why, std::string_view limit) {
  Staged& staged = staged_.front();
  staged.reply->limit = limit;
  if (staged.reply->decision) why = guard::with_record(why, *staged.reply->decision);
  refuse_staged(staged, std::move(why));
}

}  // namespace portcullis::session
