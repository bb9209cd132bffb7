// A relay with its world, driven as net's pumps drive it: bytes go in at both ends, and the two peers get
// whole frames. Nothing goes to the server that the log has not on disk as allowed.
#pragma once

#include <string>
#include <string_view>

#include "witness.hpp"
#include "world.hpp"

namespace portcullis::fuzz {

class DrivenRelay {
 public:
  class Peers {
   public:
    virtual ~Peers() = default;
    virtual void on_frame_to_server(std::string_view frame) = 0;
    virtual void on_frame_to_client(std::string_view frame) = 0;
  };
  // The peers outlive it.
  explicit DrivenRelay(Peers& peers, Limits limits = {}) : world(limits), limits_(limits), peers_(peers) {}

  void give_from_client(std::string_view bytes);
  void give_from_server(std::string_view bytes);
  // Everything that can be done with what is there.
  void go_on();
  // The session ends; holds the log against what it must say then.
  void close();

  [[nodiscard]] bool ended() const noexcept { return relay_.ended(); }
  [[nodiscard]] const std::string& end_reason() const noexcept { return relay_.end_reason(); }
  // Waits for nobody, and has taken all but a message that is not whole.
  [[nodiscard]] bool is_at_rest() const;
  void give_up_basis();
  // The next message is to be tried out: what comes of it, by a number below kDryRunEnds.
  [[nodiscard]] bool wants_dry_run() const noexcept { return relay_.wants_dry_run().has_value(); }
  static constexpr std::size_t kDryRunEnds = 4;
  void give_dry_run(std::size_t end);
  // A CancelRequest of the gate's is to be sent; how its connection ended.
  [[nodiscard]] bool take_cancel() { return relay_.take_cancel(); }
  void on_cancel_ended();
  void let_pass(std::chrono::milliseconds time);
  // The client's own CancelRequest was passed on.
  void cancel_by_client();
  // Nothing but time goes on: what is to be sent again waits for its locks, for so long.
  [[nodiscard]] std::optional<std::chrono::milliseconds> pause() const;
  // The server's connection is gone. False where the client would have to know: then it is not.
  [[nodiscard]] bool lose_server();
  [[nodiscard]] bool wants_server() const noexcept { return relay_.wants_server(); }
  void use_server();
  void give_up_server();
  // Of the client's and the server's, what was not used yet.
  [[nodiscard]] std::size_t unused() const noexcept { return from_client_.size() + from_server_.size(); }

  World world;

 private:
  bool serve_client();
  void serve_server();
  [[nodiscard]] bool may_read_client();
  [[nodiscard]] bool is_due(std::uint64_t index) const {
    return index < world.sink.durable() || world.sink.failure();
  }
  void move_bytes();
  void note_heard(std::string_view bytes);

  Limits limits_;
  Peers& peers_;
  session::Relay relay_{World::identity(), world.needs()};
  SentWitness witness_{world.sink, limits_};
  std::string from_client_, from_server_;
  Frames to_server_{wire::peek_frontend}, to_client_{wire::peek_backend}, heard_{wire::peek_backend};
  std::size_t taken_ = 0;
};

}  // namespace portcullis::fuzz
