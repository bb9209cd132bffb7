// A server connection that one session has left and another one of the same agent may have: DISCARD ALL
// behind the first, and before the second the question whether all is as it would be after a login. Sans-I/O.
// Any byte but those of the one right answer makes the connection one to be closed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "session/reading.hpp"

namespace portcullis::session {

// What a login left the server's session as, which DISCARD ALL must lead back to.
struct ServerState {
  std::vector<std::string> schemas;  // current_schemas(true)
  Reading reading;
  std::string greeting;  // ParameterStatus messages and notices, as the client gets them
};

class ServerAnswer {
 public:
  enum class Next { read, ready, failed };

  // DISCARD ALL. Settings that it puts back may be told.
  [[nodiscard]] static ServerAnswer to_reset();
  // One row that says "t": the role `user` may log in today and is none that a guard must not hold (unless
  // `allow_superuser`), nothing would run at its login, and names, settings and identity are those of
  // `state`.
  [[nodiscard]] static ServerAnswer to_check(const ServerState& state, std::string_view user,
                                             bool allow_superuser);

  [[nodiscard]] std::string take_out() { return std::move(out_); }
  // `ready`: it was the right answer, whole, and nothing came behind it. `failed`: it was not.
  [[nodiscard]] Next on_bytes(std::string_view bytes, std::size_t& consumed);

 private:
  ServerAnswer(std::string_view question, std::string order, std::string tag);
  [[nodiscard]] Next on_message(char type, std::string_view body);
  [[nodiscard]] bool is_right(char type, std::string_view body) const;

  std::string out_;
  std::string order_;  // the types of the messages that must still come
  std::string tag_;
  bool settings_may_move_;
};

}  // namespace portcullis::session
