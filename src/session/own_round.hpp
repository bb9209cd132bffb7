// Some statements of the gate's own in the middle of a session's transaction, sent and answered as one.
//
// As OwnRequest it uses a name that nobody else can know and leaves nothing behind: the statement is parsed
// anew each time and closed before code of the client's runs again, so that nothing in the session can stand
// in its place. Sans-I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/error.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::session {

class OwnRound {
 public:
  // A Sync would commit what a pipeline has done so far; behind Flush the server says no more than it must.
  enum class End : std::uint8_t { sync, flush };
  enum class Next : std::uint8_t { read, done, violation };
  using Row = std::vector<std::optional<std::string>>;
  struct Failure {
    std::size_t statement = 0;
    base::Error error;
    std::string frame;  // the server's own message
  };

  OwnRound(std::string_view name, const std::vector<std::string>& statements, End end);
  // One statement with parameters as in `bind`; its rows come as text.
  OwnRound(std::string_view name, const wire::Parse& statement, const wire::Bind& bind, End end);

  [[nodiscard]] std::string take_out() { return std::move(out_); }
  // The server's messages up to `done`; `body` is what `frame` holds. Notices and the like are not for this.
  [[nodiscard]] Next on_message(char type, std::string_view body, std::string_view frame);

  // Once done. With a failure behind Flush the server skips to the client's Sync.
  [[nodiscard]] const std::optional<Failure>& failure() const noexcept { return failure_; }
  [[nodiscard]] const std::vector<Row>& rows(std::size_t statement) const { return rows_[statement]; }
  [[nodiscard]] const std::string& tag(std::size_t statement) const { return tags_[statement]; }
  [[nodiscard]] char transaction_status() const noexcept { return status_; }

  // What a server may make the gate keep.
  static constexpr std::size_t kMaxRows = 200'000;

 private:
  OwnRound(End end, std::size_t statements) : end_(end), rows_(statements), tags_(statements) {}
  void forget(std::string_view name);
  void ask(std::string_view name, const wire::Parse& statement, const wire::Bind& bind);
  void finish(std::string_view name);
  [[nodiscard]] Next on_row(std::string_view body);
  [[nodiscard]] Next on_error(std::string_view body, std::string_view frame);

  End end_;
  std::string out_;
  std::vector<std::vector<Row>> rows_;
  std::vector<std::string> tags_;
  std::size_t at_ = 0, count_ = 0, closes_left_ = 0;
  std::optional<Failure> failure_;
  char status_ = 'I';
};

}  // namespace portcullis::session
