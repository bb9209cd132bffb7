#include "driven_relay.hpp"

#include <algorithm>
#include <memory>

#include "script.hpp"

namespace portcullis::fuzz {

void DrivenRelay::give_from_client(std::string_view bytes) {
  witness_.on_client_bytes(bytes);
  from_client_ += bytes;
  go_on();
}

void DrivenRelay::give_from_server(std::string_view bytes) {
  from_server_ += bytes;
  go_on();
}

void DrivenRelay::give_up_basis() {
  relay_.give_up_basis();
  go_on();
}

void DrivenRelay::give_dry_run(std::size_t end) {
  const auto& request = *relay_.wants_dry_run();
  require(limits_.dry_runs && request.settings && !request.statements.empty());
  require(request.statements.size() <= 20);
  auto report = std::make_shared<shadow::Report>();
  report->statements.resize(request.statements.size());
  if (end > 0) report->fingerprint = kRefused;
  const base::Error failure{base::sqlstate::io_error, "model"};
  if (end == 1) {
    for (auto& statement : report->statements) statement.facts.failure = failure;
  }
  if (end == 2) report->statements.clear();
  trace("         tried out", "-    " + std::to_string(end));
  relay_.give_dry_run(end < 3 ? session::DryRunResult(std::shared_ptr<const shadow::Report>(report))
                              : session::DryRunResult(failure));
  go_on();
}

void DrivenRelay::on_cancel_ended() {
  relay_.on_cancel_ended();
  go_on();
}

void DrivenRelay::let_pass(std::chrono::milliseconds time) {
  world.clock.advance(time);
  relay_.on_time();
  go_on();
}

void DrivenRelay::cancel_by_client() {
  witness_.on_client_cancel();
  relay_.on_client_cancel();
  go_on();
}

std::optional<std::chrono::milliseconds> DrivenRelay::pause() const {
  const auto due = relay_.wakes_at();
  const auto now = world.clock.steady();
  if (!due) return std::nullopt;
  const auto left =
      std::max(std::chrono::ceil<std::chrono::milliseconds>(*due - now), std::chrono::milliseconds(0));
  return left > std::chrono::seconds(1) ? std::nullopt : std::optional(left);
}

bool DrivenRelay::lose_server() {
  if (!relay_.lose_server()) return false;
  from_server_.clear();
  heard_ = Frames(wire::peek_backend);
  go_on();
  return true;
}

void DrivenRelay::use_server() {
  std::string greeting, known;
  encode(known, wire::ParameterStatus{"server_version", "15.1"});
  encode(greeting, wire::ParameterStatus{"server_version", "15.2"});
  encode(greeting, wire::ParameterStatus{"client_encoding", "UTF8"});
  relay_.use_server({"pg_catalog", "app"}, greeting, known);
  go_on();
}

void DrivenRelay::give_up_server() {
  relay_.give_up_server({base::sqlstate::io_error, "there is no other server"});
  go_on();
}

void DrivenRelay::go_on() {
  serve_server();
  while (may_read_client() && serve_client()) {
  }
  serve_server();
}

bool DrivenRelay::may_read_client() {
  if (const auto due = relay_.client_waits_for(); due && is_due(*due)) relay_.on_log();
  move_bytes();
  if (relay_.ended() || relay_.client_finished() || relay_.client_waits_for()) return false;
  if (relay_.wants_basis() && !relay_.try_basis()) return false;
  return !relay_.wants_dry_run() && !relay_.waits_for_server();
}

// False when there is nothing more to do with what the client has sent.
bool DrivenRelay::serve_client() {
  const auto used = relay_.on_client(from_client_);
  from_client_.erase(0, used);
  taken_ += used;
  const bool wants = relay_.wants_analysis().has_value();
  if (wants) relay_.give_analysis(analysed(*relay_.wants_analysis()));
  move_bytes();
  return used > 0 || wants;
}

void DrivenRelay::serve_server() {
  while (!relay_.ended()) {
    if (const auto due = relay_.server_waits_for(); due && is_due(*due)) relay_.on_log();
    move_bytes();
    if (relay_.server_waits_for() || relay_.ended()) return;
    const auto used = relay_.on_server(from_server_);
    note_heard(std::string_view(from_server_).substr(0, used));
    from_server_.erase(0, used);
    move_bytes();
    if (used == 0) return;
  }
}

void DrivenRelay::note_heard(std::string_view bytes) {
  heard_.add(bytes);
  std::string frame;
  while (heard_.next(frame)) witness_.on_server_frame(frame);
}

void DrivenRelay::move_bytes() {
  // Poisons and the gate's own requests come on top of the client's bytes.
  require(relay_.pending_to_server() <= 64 * taken_ + (1u << 20));
  to_server_.add(relay_.take_to_server());
  to_client_.add(relay_.take_to_client());
  std::string frame;
  while (to_server_.next(frame)) {
    trace("      gate to server", frame);
    witness_.on_frame(frame.front(), std::string_view(frame).substr(5));
    peers_.on_frame_to_server(frame);
  }
  require(!to_server_.is_broken());
  while (to_client_.next(frame)) {
    trace("               gate to client", frame);
    peers_.on_frame_to_client(frame);
  }
  require(!to_client_.is_broken());
}

bool DrivenRelay::is_at_rest() const {
  if (relay_.client_waits_for() || relay_.server_waits_for() || relay_.waits_for_server()) return false;
  if (relay_.wants_dry_run()) return false;
  const auto header = wire::peek_frontend(from_client_);
  return header && (!*header || from_client_.size() < (*header)->frame_size());
}

void DrivenRelay::close() {
  relay_.close("the end of the script");
  move_bytes();
  require(world.basis.nothing_is_changing());
  check_records(world.sink);
  if (limits_.observes) check_nothing_denied(world.sink);
}

}  // namespace portcullis::fuzz
