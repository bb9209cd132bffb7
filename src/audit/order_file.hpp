// Orders as files: what is to be erased, or not to be, and who signed that. docs/audit-sealing.md, "Orders",
// has the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/note_read.hpp"
#include "audit/seal_classes.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

inline constexpr std::size_t kMaxOrderBytes = std::size_t{64} << 10;
inline constexpr std::size_t kMostRanges = 1'000;

enum class OrderAction : std::uint8_t { erase, hold, release, prune };
[[nodiscard]] std::string_view to_text(OrderAction action) noexcept;

// Entries by their indexes, both included.
struct IndexRange {
  std::uint64_t first = 0, last = 0;
  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};

struct Order {
  std::string origin;  // of the log
  OrderAction action = OrderAction::erase;
  std::vector<IndexRange> records{};  // of erase and hold: ascending, with a gap between any two
  SealClassSet classes{};             // likewise
  std::string hold{};                 // of release: the hash of the order that is released
  std::uint64_t first = 0;            // of prune: the first entry that is kept; it begins a segment
  std::string basis, ticket{};        // `ticket` may be empty
  std::uint64_t micros = 0;           // when it was made, since 1970
};

// One that somebody gave. Its signatures claim what they like until count_signers() says more.
struct SignedOrder {
  Order order;
  std::string text;  // what is signed
  std::string hash;  // of that, 64 hexadecimal digits
  std::vector<NoteSignature> signatures;
};

// The lines that are signed. What read_order() would not take makes a text that it does not take.
[[nodiscard]] std::string to_text(const Order& order);
// "17 100-200"
[[nodiscard]] std::string to_text(std::span<const IndexRange> records);

// Whether an order may have no signature yet: it then ends with its empty line.
enum class Unsigned : std::uint8_t { refuse, take };

// A whole file: what is taken, written again, is what came in. 22023 for anything else, saying what is wrong
// and what to do.
[[nodiscard]] base::Result<SignedOrder> read_order(std::string_view bytes,
                                                   Unsigned no_signature = Unsigned::refuse);

// "17 100-200" as an order has it: nothing for anything else.
[[nodiscard]] std::optional<std::vector<IndexRange>> read_ranges(std::string_view text);

// How many different keys among these have signed, 22023 naming the key of which a signature does not hold:
// the order as a whole is then to be refused. Two keys are different where their 32 bytes are.
[[nodiscard]] base::Result<std::size_t> count_signers(const SignedOrder& order,
                                                      std::span<const VerifierKey> keys);

// What makes an order one: so many keys of those of `audit.erasers`.
inline constexpr std::size_t kNeededSigners = 2;

}  // namespace portcullis::audit
