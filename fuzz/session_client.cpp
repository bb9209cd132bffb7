// An established session under a client of the fuzzer's: well-formed and broken messages, cut anywhere, in
// any order with a server's answers, the log's moments and changes of the catalog. The server is a model that
// behaves. fuzz/session/witness.hpp tells what must hold. The first byte says what the policy limits, and
// whether the server takes its time, can be cancelled, and be lost.
#include <algorithm>

#include "session/driven_relay.hpp"
#include "session/script.hpp"

namespace {

namespace wire = portcullis::wire;
using namespace portcullis::fuzz;

class Session final : DrivenRelay::Peers {
 public:
  explicit Session(Script& script)
      : script_(script), setting_(script_), ends_at_cut_copy_(script_.below(2) == 0) {}

  void play() {
    while (!script_.is_over() && !gate_.ended()) step();
    come_to_rest();
    check_rest();
    gate_.close();
  }

 private:
  void step() {
    if (gate_.wants_dry_run() && script_.below(4) > 0)
      return gate_.give_dry_run(script_.below(DrivenRelay::kDryRunEnds));
    switch (script_.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3: return say(client_message(script_, true, setting_.is_wide));
      case 4: return say(with_sync(client_message(script_, false, setting_.is_wide)));
      case 5: return give_to_gate(script_.byte());
      case 6:
      case 7: return give_to_gate(unread_.size());
      case 8: return work(1 + script_.below(4));
      case 9: return work(kAll);
      case 10: return give_back(script_.byte());
      case 11: return give_back(answers_.size());
      case 12: gate_.world.sink.sync(); return gate_.go_on();
      case 13: return world_happens();
      default: return everybody_goes_on();
    }
  }

  void world_happens() {
    switch (script_.below(setting_.limits.locks ? 20 : setting_.is_wide ? 16 : 10)) {
      case 0: gate_.world.sink.fail(); break;
      case 1: gate_.world.sink.fill(true); break;
      case 2: gate_.world.sink.fill(false); break;
      case 3: gate_.world.basis.change_elsewhere(); break;
      case 4: gate_.world.basis.read(true); break;
      case 5: gate_.world.basis.read(false); break;
      case 6: gate_.world.basis.answer(); break;
      case 7: server_.speak(script_.below(2) == 0 ? 'N' : 'A'); break;
      case 8: server_.fail_next_own(); break;
      case 9: gate_.give_up_basis(); break;
      case 10: server_.forget_counted(); break;
      case 11: gate_.let_pass(std::chrono::milliseconds(script_.below(8) == 0 ? 61'000 : 600)); break;
      case 12: lose_server(); break;
      case 13:
        if (gate_.wants_server()) get_server(script_.below(8) > 0);
        break;
      case 16: server_.refuse_locks(static_cast<unsigned>(1 + script_.below(12))); break;
      case 17: client_cancels(); break;
      case 18: gate_.let_pass(gate_.pause().value_or(std::chrono::milliseconds(50))); break;
      default: cancel_goes_on(); break;
    }
    gate_.go_on();
  }

  // It arrives at the server, or too late; the gate is told behind that.
  void client_cancels() {
    trace("client", "-    cancels");
    if (script_.below(2) == 0) server_.cancel_for_client();
    work(0);
    gate_.cancel_by_client();
  }

  // A CancelRequest of the gate's: it is sent, it arrives or does not, and then its connection ends.
  void cancel_goes_on() {
    switch (cancel_) {
      case Cancel::none: cancel_ = gate_.take_cancel() ? Cancel::sent : Cancel::none; return;
      case Cancel::sent:
        if (script_.below(8) != 1) server_.cancel();
        work(0);
        cancel_ = Cancel::arrived;
        return;
      case Cancel::arrived: cancel_ = Cancel::none; return gate_.on_cancel_ended();
    }
  }

  void lose_server() {
    if (!gate_.lose_server()) return;
    trace("         server", "-    is lost");
    require(heard_.direct().session().committed() == server_.session().committed());
    sent_.clear();
    answers_.clear();
    server_ = a_server();
    heard_.change_server(a_server());
  }

  void get_server(bool there_is_one) { there_is_one ? gate_.use_server() : gate_.give_up_server(); }

  [[nodiscard]] ModelServer a_server() const {
    ModelServer server(ends_at_cut_copy_);
    if (setting_.may_defer) server.let_defer();
    return server;
  }

  void everybody_goes_on() {
    gate_.world.sink.sync();
    give_to_gate(unread_.size());
    work(kAll);
    give_back(answers_.size());
  }

  static std::string with_sync(std::string message) {
    encode(message, wire::Sync{});
    return message;
  }

  void say(std::string_view bytes) {
    trace("client", bytes);
    unread_ += bytes;
  }

  void give_to_gate(std::size_t count) {
    const auto part = unread_.substr(0, std::min(count, unread_.size()));
    unread_.erase(0, part.size());
    heard_.on_client_bytes(part);
    gate_.give_from_client(part);
  }

  // The server reads so many frames.
  void work(std::size_t frames) {
    for (; frames > 0 && work_once(); --frames) {
      require(setting_.limits.observes || !server_.session().is_misled());
      require(!setting_.limits.cost || server_.session().most_cost_run() <= kMostCost);
      require(!setting_.limits.rows || server_.session().most_rows_committed() <= kMostRowsChanged);
      require(!server_.session().is_bounded_for_long());
    }
    for (; !server_.out.empty(); server_.out.pop_front()) {
      trace("         server says", server_.out.front());
      answers_ += server_.out.front();
    }
  }

  // One frame read, or where the server takes its time one that it says.
  bool work_once() {
    if (server_.step()) return true;
    if (sent_.empty()) return false;
    const std::string frame = std::move(sent_.front());
    sent_.pop_front();
    server_.begin_frame(frame.front(), std::string_view(frame).substr(5));
    while (!setting_.is_wide && server_.step()) {
    }
    return true;
  }

  void give_back(std::size_t count) {
    const auto part = answers_.substr(0, std::min(count, answers_.size()));
    answers_.erase(0, part.size());
    gate_.give_from_server(part);
  }

  void on_frame_to_server(std::string_view frame) override { sent_.emplace_back(frame); }
  void on_frame_to_client(std::string_view frame) override {
    require(!setting_.limits.results || !is_beyond_limit(frame));
    heard_.on_client_frame(frame);
  }

  // Until nothing moves any more.
  void come_to_rest() {
    for (int round = 0; round < 100'000 && !gate_.ended(); ++round) {
      const auto before = progress();
      gate_.world.basis.read(false);
      everybody_goes_on();
      gate_.give_up_basis();
      if (gate_.wants_dry_run()) gate_.give_dry_run(0);
      cancel_goes_on();
      const bool rests = answers_.empty() && sent_.empty() && cancel_ == Cancel::none &&
                         !gate_.wants_server() && !gate_.wants_dry_run();
      if (gate_.wants_server()) get_server(true);
      if (progress() != before || !rests) continue;
      const auto pause = gate_.pause();
      if (!pause) return;
      gate_.let_pass(*pause);
    }
    require(gate_.ended());
  }

  [[nodiscard]] std::vector<std::size_t> progress() const {
    return {gate_.unused(), gate_.world.sink.records.size(), gate_.world.sink.durable()};
  }

  void check_rest() {
    // A server that behaves is never the reason.
    if (gate_.ended()) return require(!gate_.end_reason().starts_with("the database "));
    require(server_.closed() || gate_.is_at_rest());
    if (heard_.is_over()) return;
    heard_.finish();
    require(heard_.direct().session().committed() == server_.session().committed());
  }

  static constexpr std::size_t kAll = 1'000'000;

  enum class Cancel : std::uint8_t { none, sent, arrived };

  Script& script_;
  Setting setting_;
  bool ends_at_cut_copy_;
  ModelServer server_ = a_server();
  HeardWitness heard_{a_server(), server_};
  DrivenRelay gate_{*this, setting_.limits};
  Cancel cancel_ = Cancel::none;
  std::string unread_;            // of what the client said
  std::deque<std::string> sent_;  // frames on their way to the server
  std::string answers_;           // of the server, on their way to the gate
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4'096) return 0;
  Script script({data, size});
  Session(script).play();
  return 0;
}
