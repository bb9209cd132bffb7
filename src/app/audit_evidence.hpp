// On what an answer rests, so that somebody else can ask the same of the same log, offline, and compare.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "audit/note_file.hpp"
#include "audit/range_tree.hpp"
#include "audit/read.hpp"

namespace portcullis::app {

struct Evidence {
  std::string origin;  // of the log; empty where it has no entry
  std::optional<audit::StoredNote>
      note;  // the newest one in its folder; whose signature it has is not checked
  audit::ReadFacts facts;
  std::string query;         // canonical_query()
  std::uint64_t leaves = 0;  // entries that the answer was made of
  std::string
      list_root;  // hex: the root of the tree (RFC 6962) over their leaf hashes, in the answer's order
};

class EvidenceBuilder {
 public:
  void add(const audit::Hash& leaf) { tree_.append(leaf); }
  // The decision, then its outcomes.
  void add(const audit::Statement& statement);
  // To be called when all was read. 58030 when the log's notes cannot be read.
  [[nodiscard]] base::Result<Evidence> finish(const std::filesystem::path& directory, std::string query,
                                              const audit::ReadFacts& facts) const;

 private:
  audit::RangeTree tree_{0};
};

// Lines for a person; what was left out for want of memory is said first.
[[nodiscard]] std::string to_text(const Evidence& evidence);
// One JSON object.
[[nodiscard]] std::string to_json_text(const Evidence& evidence);

}  // namespace portcullis::app
