// The statements of the model: each is written down with what it does, and with whether the policy of the
// fuzz targets allows it. That is said here by hand, so that the gate is held against somebody else's word.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace portcullis::fuzz {

enum class Does : std::uint8_t {
  read,
  write,
  begin,
  commit,
  commit_and_chain,
  rollback,
  savepoint,
  rollback_to,
  release,
  set,
  set_local,
  reset,
  set_lock_timeout,  // for the session
  copy_in,
  copy_out,
  prepare,
  execute,
  deallocate,
  deallocate_all,
  declare,
  fetch,
  close,
  call,
};

// The table of which no more than so many rows may be given back in one statement, where there are limits.
inline constexpr std::string_view kLimited = "app.u";
inline constexpr unsigned kMostRowsGiven = 1;
// The most rows that one message may change there.
inline constexpr unsigned kMostRowsChanged = 2;
// The most that a statement on app.t may be planned to cost there.
inline constexpr unsigned kMostCost = 100;

// One statement of a text.
struct Part {
  Does does = Does::read;
  std::string_view argument{};  // a name, a table, a search_path, or what PREPARE and DECLARE have in them
  bool is_unqualified = false;  // allowed only while names are looked up in "app"
  bool fails = false;           // by an error of the server's own
  unsigned rows = 1;            // that it writes,
  unsigned deferred = 0;        // and that it has triggers write at the end of the transaction
  unsigned cost = 1;            // as it is planned
  bool locks = false;           // others may hold locks in its way
};

// It runs in a transaction that has failed, too.
[[nodiscard]] constexpr bool ends_block(const Part& part) {
  return part.does == Does::commit || part.does == Does::rollback || part.does == Does::commit_and_chain ||
         part.does == Does::rollback_to;
}

struct KnownText {
  std::string_view text;
  bool is_allowed = false;
  std::vector<Part>
      parts{};  // empty for what no server of the model ever gets to see, and for the empty text
};

// All of them, in an order that never changes; new ones go to the end, for corpora count on it. Without
// `limited` those that say little where nothing is limited are left out.
[[nodiscard]] std::span<const KnownText> known_texts(bool limited = true);
// Null when it is none of these.
[[nodiscard]] const KnownText* find_text(std::string_view text);

}  // namespace portcullis::fuzz
