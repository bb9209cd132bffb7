// Follows the chain through the lines of the segments: index after index, hash after hash, batch after batch.
// What recovery and the verifier both stand on; it shares no code with the writer but the hashing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/entry_reader.hpp"
#include "audit/line_scanner.hpp"

namespace portcullis::audit {

// Where the chain stands after some entry.
struct ChainState {
  std::string origin;  // with the version mark; empty before the first entry
  std::uint64_t next_index = 0;
  Hash leaf{};
  std::uint64_t batch = 0;
  bool in_batch = false;  // the last entry did not end its batch
  EntryType last_type = EntryType::segment;
  // The entries before next_index are gone: what the next one says of them is taken as it is.
  bool is_cut = false;
};
// Before the first entry of a log that begins with this one.
[[nodiscard]] ChainState beginning(std::uint64_t first_index);

// What an entry says of the chain before it. It says nothing of whether that batch was at its end: `batch` is
// then the entry's own, and `in_batch`.
[[nodiscard]] ChainState claimed_before(const EntryReader& entry);
// Whether an entry that claims this may stand where the chain is.
[[nodiscard]] bool is_claim_true(const ChainState& claimed, const ChainState& state);

class Chain {
 public:
  // Nothing when `line` is the next entry. Otherwise the state stays as it was.
  [[nodiscard]] std::optional<ReadProblem> accept(std::string_view line, bool first_of_segment);

  [[nodiscard]] const ChainState& state() const noexcept { return state_; }
  [[nodiscard]] const EntryReader& entry() const noexcept { return reader_; }
  // Starts somewhere else than at the beginning, or goes back to an earlier state.
  void set_state(ChainState state) { state_ = std::move(state); }

 private:
  [[nodiscard]] std::optional<ReadProblem> check_place(bool first_of_segment) const;

  EntryReader reader_;
  ChainState state_;
  std::string leaf_text_;  // of state_.leaf; kept for its memory
};

// Of a batch without an end: what reads only may have been acted on before it was synced.
[[nodiscard]] bool is_kept_without_end(EntryType type) noexcept;

// What one segment holds.
struct SegmentScan {
  ChainState state;              // after its last whole batch
  std::uint64_t batches = 0;     // whole ones
  std::uint64_t end = 0;         // of the last whole batch, in bytes
  std::uint64_t last_batch = 0;  // where that one begins
  // With what is_kept_without_end() at the beginning of the batch behind it: whole entries.
  ChainState begun;
  std::uint64_t begun_end = 0;
  std::uint64_t line = 0;  // the first line behind it that is no entry, or the last line read
  // Behind `end` there is nothing, or only line feeds.
  bool whole = true;
  // Behind `end` there is what a crash can leave of the next batch: never acknowledged, and so without loss
  // to cut.
  bool torn = false;
  std::uint64_t torn_bytes = 0;  // to the last one that is neither line feed nor zero
  // Behind `end` there is something that no crash leaves. The only one of the four with a `problem`.
  std::optional<ReadProblem> problem;
  bool blank_tail = false;  // line feeds follow

  std::uint64_t entries_end = 0;  // of the last entry, in bytes: its batch may not be whole

  // Of a log whose first entries are gone: the batch of the first one that is left.
  void begin_cut(std::uint64_t first_batch);
  // One more entry, which ends before `end_of_line` and leaves the chain at `now`.
  void take(const ChainState& now, std::uint64_t end_of_line);
  // Entries that were scanned apart and begin where these end.
  void take(const SegmentScan& next);
};

// Reads a segment to its end or to its first problem. `on_entry` sees every entry that the chain accepts,
// those of a batch that turns out to be torn included. 58030 when the file cannot be read. `so_far` are its
// entries before the first of `lines`, which the chain has behind it.
[[nodiscard]] base::Result<SegmentScan> scan_segment(LineScanner& lines, Chain& chain,
                                                     const std::function<void(const Line&)>& on_entry,
                                                     std::optional<SegmentScan> so_far = {});

}  // namespace portcullis::audit
