// A look at a line's bytes that says of most lines, without reading them, that a filter does not want them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/filter.hpp"

namespace portcullis::audit {

// Canonical JSON has one form for a value, but that text may stand as base64 as well: these bytes are in
// every entry that has it. Passes every line that is an entry and matches(), and some that do not.
class Prefilter {
 public:
  // Of `time`, `owner` and `login` nothing can be seen in the bytes of one line alone.
  explicit Prefilter(const EntryFilter& filter);
  [[nodiscard]] bool passes(std::string_view line) const;

 private:
  class Needle {
   public:
    explicit Needle(std::string bytes);
    [[nodiscard]] bool is_in(std::string_view line) const;

   private:
    using Searcher = std::boyer_moore_horspool_searcher<const char*>;
    std::unique_ptr<const std::string> bytes_;  // what the searcher points to, also after a move
    Searcher searcher_;
  };

  void need_text(const std::string& key, const std::string& value);
  void need(std::vector<std::string> any_of);

  std::vector<std::vector<Needle>> groups_;  // of each, one must be there
};

// The type that a line names, without a look at the rest: empty where it names none. Exact for an entry.
[[nodiscard]] std::string_view raw_type(std::string_view line) noexcept;
// The number behind a key of the entry itself; nothing where there is none. Exact for an entry.
[[nodiscard]] std::optional<std::uint64_t> raw_number(std::string_view line, std::string_view key) noexcept;

}  // namespace portcullis::audit
