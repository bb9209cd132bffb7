// What the rules between entries need to know of one entry. Lines are read by many threads, the rules follow
// the log on one: this is what is handed from those to this.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "audit/entry_reader.hpp"

namespace portcullis::audit {

// What the few entries say that others are measured by. What the type has not is empty.
struct Declaration {
  std::string boot{};                // of `segment` and `open`
  bool names_key = false;            // of these two: whether there is a `key`
  std::string key{};                 // that one
  std::string old_key{}, new_key{};  // of `key`
  std::string hash{};                // of `policy` and `config`
  bool hash_holds = false;           // it is that of their bytes
  std::vector<Hash> frontier{};      // of `segment`
  std::int64_t heartbeat = 0;        // of `open`, in milliseconds
};

struct EntryFacts {
  EntryType type = EntryType::segment;
  bool ends_batch = false;
  bool is_forwarded = false;  // of a decision: the statement went on to the database
  bool is_bind = false, is_parse = false;
  bool is_suspended = false;  // of an outcome: more of them may follow
  std::uint64_t index = 0;
  std::uint64_t session = 0;    // of decisions and outcomes
  std::uint64_t agent_seq = 0;  // of a decision
  std::uint64_t decision = 0;   // of an outcome
  std::int64_t micros = 0;
  bool is_sealed = false;  // under this key
  std::uint64_t epoch = 0, slot = 0;
  std::string_view agent{}, policy{};        // of a decision
  std::string_view line{};                   // of `config`, `erase`, `hold` and `prune`, else empty
  const Declaration* declaration = nullptr;  // of `segment`, `open`, `key`, `policy` and `config`, else null
};

// What facts point to and is not in the line itself.
class FactStore {
 public:
  void clear();
  // Valid until clear(), and as long as the line.
  [[nodiscard]] EntryFacts facts_of(const EntryReader& entry);

 private:
  [[nodiscard]] std::string_view text(const EntryReader& entry, std::string_view key);
  [[nodiscard]] const Declaration* declare(const EntryReader& entry);
  void take_decision(const EntryReader& entry, EntryFacts& facts);
  void take_outcome(const EntryReader& entry, EntryFacts& facts);

  std::deque<std::string> texts_;
  std::deque<Declaration> declarations_;
};

}  // namespace portcullis::audit
