// An established session at a server of the fuzzer's. The client is sound: whole messages, in any order. The
// server says what it likes, and now and then what the protocol would have it say. It cannot crash the gate,
// cannot make it send what was not judged, and gives the client at most one answer to each request, or the
// session ends. The first byte says what the policy limits.
#include <array>

#include "session/driven_relay.hpp"
#include "session/script.hpp"

namespace {

namespace wire = portcullis::wire;
namespace front = wire::frontend_type;
namespace back = wire::backend_type;
using namespace portcullis::fuzz;

class Session final : DrivenRelay::Peers {
 public:
  explicit Session(Script& script) : script_(script), setting_(script) { make_server(); }

  void play() {
    while (!script_.is_over() && !gate_.ended()) step();
    gate_.close();
  }

 private:
  void step() {
    if (gate_.wants_dry_run() && script_.below(4) > 0)
      return gate_.give_dry_run(script_.below(DrivenRelay::kDryRunEnds));
    switch (script_.below(12)) {
      case 0:
      case 1:
      case 2: return say(client_message(script_, false, setting_.is_wide));
      case 3: return answer_as_due(1'000);
      case 4:
      case 5: return answer_as_due(1 + script_.below(3));
      case 6: return answer(a_frame());
      case 7: return answer(std::string(script_.bytes(1 + script_.below(16))));
      case 8:
      case 9: return answer(a_sound_frame());
      case 10: return world_happens();
      default: return leave_out();
    }
  }

  void world_happens() {
    switch (script_.below(setting_.limits.locks ? 13 : setting_.is_wide ? 10 : 6)) {
      case 0: gate_.world.sink.fail(); break;
      case 1: gate_.world.basis.read(true); break;
      case 2: gate_.world.basis.read(false); break;
      case 3: gate_.give_up_basis(); break;
      case 6: return gate_.let_pass(std::chrono::milliseconds(script_.below(8) == 0 ? 61'000 : 600));
      case 7:
        if (!is_cancelling_) {
          is_cancelling_ = gate_.take_cancel();
        } else {
          is_cancelling_ = false;
          gate_.on_cancel_ended();
        }
        return;
      case 8: return change_server();
      case 9: honest_.cancel(); break;
      case 10: honest_.refuse_locks(static_cast<unsigned>(1 + script_.below(4))); break;
      case 11: return gate_.cancel_by_client();
      case 12: return gate_.let_pass(gate_.pause().value_or(std::chrono::milliseconds(50)));
      default: gate_.world.sink.sync(); break;
    }
    gate_.go_on();
  }

  void change_server() {
    if (gate_.wants_server()) return script_.below(8) > 0 ? gate_.use_server() : gate_.give_up_server();
    if (gate_.lose_server()) make_server();
  }

  void make_server() {
    honest_ = ModelServer();
    if (setting_.may_defer) honest_.let_defer();
  }

  void say(std::string_view bytes) {
    trace("client", bytes);
    Frames frames(wire::peek_frontend);
    frames.add(bytes);
    std::string frame;
    while (frames.next(frame)) note_request(frame.front());
    gate_.give_from_client(bytes);
    gate_.world.sink.sync();
    gate_.go_on();
  }

  // What a server would say to what it was sent, so many frames of it.
  void answer_as_due(std::size_t frames) {
    std::string bytes;
    for (; frames > 0 && !honest_.out.empty(); --frames) {
      bytes += honest_.out.front();
      honest_.out.pop_front();
    }
    answer(bytes);
  }
  void leave_out() {
    if (!honest_.out.empty()) honest_.out.pop_front();
  }

  // One of the protocol's types, or of none, with a body of the script's.
  std::string a_frame() {
    constexpr std::string_view types = "123CDEGHINARSTKVWcdnstvZ~";
    const char type = types[script_.below(types.size())];
    return framed(type, std::string(script_.bytes(script_.below(24))));
  }

  // Where it does not belong, or with a value that it should not have.
  std::string a_sound_frame() {
    std::string bytes;
    const bool other = script_.below(2) == 1;
    switch (script_.below(setting_.limits.locks ? 12 : 11)) {
      case 0: encode(bytes, wire::ReadyForQuery{"ITE"[script_.below(3)]}); return bytes;
      case 1: encode(bytes, wire::CommandComplete{"INSERT 0 1"}); return bytes;
      case 2:
        encode(bytes, wire::ParameterStatus{"client_encoding", other ? "UTF8" : "LATIN1"});
        return bytes;
      case 3: encode(bytes, an_error(other ? "ERROR" : "FATAL")); return bytes;
      case 4: return framed(back::copy_in_response, std::string(3, '\0'));
      case 5: return framed(back::row_description, std::string(2, '\0'));
      case 6: return framed(back::parse_complete, {});
      case 7: return framed(back::bind_complete, {});
      case 8: return framed(back::data_row, std::string("\0\1\0\0\0\5other", 11));
      // Frames that go on for long.
      case 11:
        encode(bytes,
               wire::to_error_response({portcullis::base::sqlstate::lock_not_available, "model"}, "ERROR"));
        return bytes;
      case 9: return std::string("D\x3f\xff\xff\xff", 5) + std::string(script_.byte(), 'x');
      default: return std::string("C\x00\x00\x40\x00", 5);
    }
  }

  static wire::ErrorResponse an_error(std::string_view severity) {
    return wire::to_error_response({portcullis::base::sqlstate::io_error, "model"}, severity);
  }

  static std::string framed(char type, const std::string& body) {
    return std::string{type, 0, 0, 0, static_cast<char>(body.size() + 4)} + body;
  }

  void answer(std::string_view bytes) {
    trace("         server says", bytes);
    said_ += bytes.size();
    gate_.give_from_server(bytes);
  }

  void on_frame_to_server(std::string_view frame) override {
    honest_.on_frame(frame.front(), frame.substr(5));
  }

  // --- what the client is owed

  enum Owed : std::uint8_t { parsed, bound, closed, ready };

  void note_request(char type) {
    switch (type) {
      case front::parse: ++owed_[parsed]; return;
      case front::bind: ++owed_[bound]; return;
      case front::close: ++owed_[closed]; return;
      case front::query:
      case front::function_call:
      case front::sync: ++owed_[ready]; return;
      default: return;
    }
  }

  void on_frame_to_client(std::string_view frame) override {
    told_ += frame.size();
    // On top of what the server has said come the gate's own errors, one a record.
    require(told_ <= said_ + 4'096 * (gate_.world.sink.records.size() + 4));
    switch (frame.front()) {
      case back::parse_complete: return pay(parsed);
      case back::bind_complete: return pay(bound);
      case back::close_complete: return pay(closed);
      case back::ready_for_query: return pay(ready);
      default: return;
    }
  }

  void pay(Owed what) {
    require(owed_[what] > 0);
    --owed_[what];
  }

  Script& script_;
  Setting setting_;
  bool is_cancelling_ = false;
  ModelServer honest_;
  std::array<std::size_t, 4> owed_{};
  std::size_t said_ = 0, told_ = 0;
  DrivenRelay gate_{*this, setting_.limits};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4'096) return 0;
  Script script({data, size});
  Session(script).play();
  return 0;
}
