// From a Record to the line of its entry. The caller's thread makes the draft, which is all of the line but
// five fields; the writer thread, which alone knows the batch, the previous hash and how many decisions of
// the agent came before, stamps those into it.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "audit/canonical.hpp"
#include "audit/hash.hpp"
#include "portcullis/audit/record.hpp"

namespace portcullis::audit {

class Sealer;

struct Draft {
  std::string body;
  Slots slots;
  // Of a decision: where the value of "agent_seq" goes, and of which agent; 0: it is no decision.
  std::size_t sequence_at = 0;
  std::string agent{};
  bool begins_segment = false;  // its "frontier" comes with the stamp
};

// What every entry of one log has in common.
struct DraftContext {
  std::string_view origin;
  std::chrono::system_clock::time_point now;
  TextMode text = TextMode::plain;
  Sealer* sealer = nullptr;  // where texts are sealed
};

// 54000 when the entry would be longer than the format allows; what Sealer::seal() says where a text cannot
// be sealed. An outcome is made in spite of that, without its error's text.
[[nodiscard]] base::Result<Draft> make_draft(const Record& record, const DraftContext& context);

// The entries that the log writes of its own accord.
// Keys are public ones as verifiers take them, empty where the log is not signed.
[[nodiscard]] Draft segment_draft(const DraftContext& context, std::string_view boot,
                                  std::string_view key = {});
[[nodiscard]] Draft open_draft(const DraftContext& context, std::string_view boot, std::string_view version,
                               std::chrono::milliseconds heartbeat, std::string_view key = {});
[[nodiscard]] Draft key_draft(const DraftContext& context, std::string_view before, std::string_view now);
[[nodiscard]] Draft recovered_draft(const DraftContext& context, std::uint64_t dropped_bytes);
[[nodiscard]] Draft heartbeat_draft(const DraftContext& context);
[[nodiscard]] Draft close_draft(const DraftContext& context);

struct Stamp {
  std::uint64_t index = 0;
  std::uint64_t batch = 0;
  bool ends_batch = false;
  Hash previous{};
  std::uint64_t agent_sequence = 0;
  std::span<const Hash> frontier{};  // of the tree of all entries before
};

// Appends the finished line, without a line feed.
void append_line(std::string& out, const Draft& draft, const Stamp& stamp);

// No line is longer than its draft and this, line feed included.
inline constexpr std::size_t kStampBytes = 130;
// A hash for each bit of an index, which is below 2^53.
inline constexpr std::size_t kFrontierBytes = 16 + 53 * 46;
[[nodiscard]] inline std::size_t line_bound(const Draft& draft) noexcept {
  return draft.body.size() + kStampBytes + (draft.begins_segment ? kFrontierBytes : 0);
}

// The most that the outcome of a decision takes in the file.
[[nodiscard]] std::size_t outcome_bound(const DecisionRecord& decision, std::string_view origin,
                                        TextMode text) noexcept;

}  // namespace portcullis::audit
