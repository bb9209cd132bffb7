#include "session/own_round.hpp"

namespace portcullis::session {

namespace type = wire::backend_type;

OwnRound::OwnRound(std::string_view name, const std::vector<std::string>& statements, End end)
    : OwnRound(end, statements.size()) {
  for (const auto& sql : statements) ask(name, {name, sql, {}}, {});
  finish(name);
}

OwnRound::OwnRound(std::string_view name, const wire::Parse& statement, const wire::Bind& bind, End end)
    : OwnRound(end, 1) {
  ask(name, statement, bind);
  finish(name);
}

void OwnRound::forget(std::string_view name) {
  encode(out_, wire::Close{'P', name});
  encode(out_, wire::Close{'S', name});
  closes_left_ += 2;
}

void OwnRound::ask(std::string_view name, const wire::Parse& statement, const wire::Bind& bind) {
  forget(name);  // what failed before may have left the name behind
  encode(out_, wire::Parse{name, statement.text, statement.parameter_types});
  encode(out_, wire::Bind{name, name, bind.parameter_formats, bind.parameters, {}});
  encode(out_, wire::Execute{name, 0});
}

void OwnRound::finish(std::string_view name) {
  forget(name);
  if (end_ == End::sync) {
    encode(out_, wire::Sync{});
  } else {
    encode(out_, wire::Flush{});
  }
}

OwnRound::Next OwnRound::on_message(char message, std::string_view body, std::string_view frame) {
  switch (message) {
    case type::parse_complete:
    case type::bind_complete: return Next::read;
    case type::data_row: return on_row(body);
    case type::command_complete: {
      const auto complete = wire::decode<wire::CommandComplete>(body);
      if (!complete || at_ == tags_.size()) return Next::violation;
      tags_[at_++] = complete->tag;
      return Next::read;
    }
    case type::close_complete:
      if (closes_left_ == 0) return Next::violation;
      --closes_left_;
      return closes_left_ == 0 && end_ == End::flush ? Next::done : Next::read;
    case type::error_response: return on_error(body, frame);
    case type::ready_for_query: {
      const auto ready = wire::decode<wire::ReadyForQuery>(body);
      if (!ready || end_ == End::flush) return Next::violation;
      if (!failure_ && at_ != tags_.size()) return Next::violation;
      status_ = ready->status;
      return Next::done;
    }
    default: return Next::violation;
  }
}

OwnRound::Next OwnRound::on_row(std::string_view body) {
  const auto row = wire::decode<wire::DataRow>(body);
  if (!row || at_ == rows_.size() || ++count_ > kMaxRows) return Next::violation;
  Row& kept = rows_[at_].emplace_back();
  for (const auto& field : row->fields)
    kept.push_back(field ? std::optional(std::string(*field)) : std::nullopt);
  return Next::read;
}

// Of several errors the first is what went wrong; at Sync there may be one more.
OwnRound::Next OwnRound::on_error(std::string_view body, std::string_view frame) {
  const auto response = wire::decode<wire::ErrorResponse>(body);
  if (!response) return Next::violation;
  if (!failure_) failure_ = Failure{at_, wire::to_error(*response), std::string(frame)};
  return end_ == End::flush ? Next::done : Next::read;
}

}  // namespace portcullis::session
