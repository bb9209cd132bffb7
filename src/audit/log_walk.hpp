// Goes through the lines of a log that a range has, and further where whoever looks at them asks for it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "audit/log_search.hpp"

namespace portcullis::audit {

class LineVisitor {
 public:
  struct Step {
    bool more = true;
    std::optional<ReadProblem> bad{};  // the line is no entry
  };

  virtual ~LineVisitor() = default;
  // Asked where an extent ends, and then behind every line: whether what no extent has is looked at, too.
  [[nodiscard]] virtual bool wants_gap() const { return false; }
  // What comes now does not stand right behind what came last; called before the first line, too.
  virtual void leap(std::size_t segment, std::uint64_t offset) = 0;
  // `text` is valid during the call.
  [[nodiscard]] virtual Step line(std::string_view text, bool in_extent) = 0;
};

using ReadProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;  // bytes

// Until the visitor has enough, or the log ends: quietly where it is being written or a crash tore it. 58030
// when a file cannot be read or a line before the log's end is no entry.
[[nodiscard]] base::Result<void> walk(const LogSearch& log, const std::vector<Extent>& extents,
                                      LineVisitor& visitor, const ReadProgress& progress = {});

}  // namespace portcullis::audit
