// Who a session is, while a log is read: its login may stand far before what is read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "audit/filter.hpp"
#include "audit/log_search.hpp"

namespace portcullis::audit {

// Numbers of sessions begin again at each start: all of this is of one start.
class SessionBook {
 public:
  // Sessions that are open at a time; beyond it the oldest is forgotten.
  static constexpr std::size_t kMost = 65'536;

  // `log` must outlive it.
  explicit SessionBook(const LogSearch& log) : log_(log) {}

  // The next entry seen does not follow the last one: it stands here.
  void leap(std::size_t segment, std::uint64_t offset);
  // Of every `open` and `session` entry, in their order.
  void see(const EntryReader& entry);
  // Nothing where the log has no such login in this start. Where reading began behind it, it is looked for
  // before, as far back as it is. 58030 when a file cannot be read.
  [[nodiscard]] base::Result<std::shared_ptr<const SessionFacts>> who(std::uint64_t session);
  // How often a session was forgotten that may have gone on.
  [[nodiscard]] std::uint64_t forgotten() const noexcept { return forgotten_; }

 private:
  using Sessions = std::map<std::uint64_t, std::shared_ptr<const SessionFacts>>;
  static void note(Sessions& sessions, const EntryReader& entry);
  [[nodiscard]] base::Result<void> look_back();
  void forget_beyond();

  const LogSearch& log_;
  Sessions sessions_;
  // Before here, nothing was read of the start; nothing: all was.
  struct Horizon {
    std::size_t segment;
    std::uint64_t offset;
  };
  std::optional<Horizon> horizon_;
  std::uint64_t step_ = 0;  // bytes to look back next
  std::uint64_t forgotten_ = 0;
};

}  // namespace portcullis::audit
