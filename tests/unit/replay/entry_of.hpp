// A record as the entry that a log would have of it.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>

#include "audit/entry.hpp"
#include "audit/entry_reader.hpp"

namespace portcullis::replay::testing {

class EntryOf {
 public:
  // `micros` since 1970.
  explicit EntryOf(const audit::Record& record, std::int64_t micros = 1'790'000'000'000'000,
                   bool store_text = true) {
    const std::chrono::system_clock::time_point now{std::chrono::microseconds(micros)};
    const auto draft = audit::make_draft(
        record,
        {.origin = "test", .now = now, .text = store_text ? audit::TextMode::plain : audit::TextMode::none});
    if (!draft) throw std::runtime_error(draft.error().message);
    audit::append_line(line_, *draft, {.index = 7, .batch = 1, .ends_batch = true, .agent_sequence = 1});
    if (const auto bad = reader_.read(line_)) throw std::runtime_error(bad->message + ": " + line_);
  }
  [[nodiscard]] const audit::EntryReader& operator*() const { return reader_; }
  [[nodiscard]] const std::string& line() const { return line_; }

 private:
  std::string line_;
  audit::EntryReader reader_;
};

}  // namespace portcullis::replay::testing
