// Changes members of an entry's line, which stays canonical where the values are: for the drill, which alters
// copies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/json_line.hpp"

namespace portcullis::audit {

class LineEdit {
 public:
  // `line` is an entry, and must outlive this.
  explicit LineEdit(std::string_view line) : line_(line) { json_.parse(line_); }

  // Each at most once for a key of the entry's own. `value` is JSON as it is to stand there.
  LineEdit& set(std::string_view key, std::string_view value);
  LineEdit& set_text(std::string_view key, std::string_view plain) {  // nothing in it needs escaping
    return set(key, '"' + std::string(plain) + '"');
  }
  LineEdit& set_number(std::string_view key, std::uint64_t number) {
    return set(key, std::to_string(number));
  }
  // Nothing where it is not there. Not for the first key of an entry.
  LineEdit& remove(std::string_view key);
  [[nodiscard]] std::string text() const;

 private:
  struct Change {
    std::size_t begin, end;  // in line_
    std::string with;
  };
  std::string_view line_;
  JsonLine json_;
  std::vector<Change> changes_;
};

}  // namespace portcullis::audit
