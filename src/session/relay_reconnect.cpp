// Relay, when the server goes away: a session that left nothing in the server's keeps its client, and goes on
// with another server connection once the client says something.
#include <utility>

#include "session/relay.hpp"

namespace portcullis::session {

bool Relay::may_change_server() const {
  return !ended_ && idle() && !bound_ && !registry_.prepared.has_named() && !unsynced_ && !skipping_ &&
         !client_finished_ && client_stream_left_ == 0 && server_stream_left_ == 0;
}

bool Relay::leaves_server_clean() const {
  const bool is_quiet_here = idle() && !unsynced_ && !skipping_ && !pipeline_sent_ && !copying_in_ &&
                             !replies_.is_in_doubt() && !bracket_ && !cost_ && !stop_;
  const bool is_all_out = to_server_.empty() && to_client_.empty() && client_stream_left_ == 0 &&
                          server_stream_left_ == 0 && barriers_ == 0;
  const bool is_settled = !changed_ && !outcome_lost_ && done_in_pipeline_.empty() && !fatal_relayed_;
  return needs_.reuses_server && !ended_ && !server_lost_ && !outlives_reset_ && is_quiet_here &&
         is_all_out && is_settled && reading_.is_shared() && !judge_.has_strayed() && !needs_.sink->failure();
}

bool Relay::lose_server() {
  if (!may_change_server()) return false;
  server_lost_ = true;
  waits_for_quiet_ = false;
  lookup_.failure.reset();
  return true;
}

// Only a client that has more to say than goodbye needs another one.
void Relay::on_client_without_server(std::string_view bytes) {
  if (bytes.empty()) return;
  wants_server_ = bytes.front() != wire::frontend_type::terminate;
  if (wants_server_) return;
  ended_ = true;
  end_reason_ = "the client disconnected";
}

// It may be another server, whose catalog differs: nothing is judged before that was asked again.
void Relay::use_server(const std::vector<std::string>& schemas, std::string_view greeting,
                       std::string_view known) {
  server_lost_ = wants_server_ = false;
  registry_.prepared = {};
  registry_.portals = {};
  registry_.cursors.clear();
  registry_.cursors_may_move = registry_.cursors_may_change = false;
  settings_ = nullptr;
  lookup_ = Lookup(catalog::NameSpace{schemas});
  if (const auto basis = needs_.basis->current()) lookup_.told_with = basis->snapshot;
  wanted_basis_ = needs_.basis->ask_again();
  send_news(greeting, std::exchange(parameters_moved_, false) ? std::string_view{} : known);
}

void Relay::send_news(std::string_view greeting, std::string_view known) {
  while (!greeting.empty()) {
    const auto header = wire::peek_backend(greeting);
    if (!header || !*header || greeting.size() < (*header)->frame_size()) return;
    const auto frame = greeting.substr(0, (*header)->frame_size());
    if ((*header)->type == wire::backend_type::parameter_status) {
      const auto status = wire::decode<wire::ParameterStatus>(frame.substr(5));
      if (status) reading_.note(status->name, status->value);
    }
    if (known.find(frame) == std::string_view::npos) to_client_ += frame;
    greeting.remove_prefix(frame.size());
  }
}

void Relay::give_up_server(const base::Error& why) {
  wants_server_ = false;
  end_with(why);
}

}  // namespace portcullis::session
