// What the files that make entries have in common; nobody else includes it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/canonical.hpp"
#include "audit/entry.hpp"
#include "audit/format.hpp"
#include "audit/sealer.hpp"

namespace portcullis::audit {

// Opens the entry, and closes it with the fields that come at fixed places of the order: "t" and "ts" sort
// near the end, so each record's fields are written by one function in the order of their keys, with these
// two among them.
struct EntryWriter {
  EntryWriter(Draft& draft, const DraftContext& context, std::size_t expected)
      : object(draft.body, &draft.slots) {
    draft.body.reserve(expected);
    object.key("@");
    append_string(draft.body, context.origin);
    draft.body.pop_back();  // the quote
    draft.body.append(kVersionMark) += '"';
    micros = std::chrono::duration_cast<std::chrono::microseconds>(context.now.time_since_epoch()).count();
  }
  void type(std::string_view name) { object.text("t", name); }
  void time() { object.number("ts", std::int64_t{micros}); }

  ObjectWriter object;
  std::int64_t micros = 0;
};

inline constexpr std::size_t kUsualBytes = 512;
// Of an effect with its traits, and of a parameter beside its value.
inline constexpr std::size_t kUsualEffectBytes = 320, kUsualParameterBytes = 16;

// What the functions that write a record write of texts, beside those that stand as they are.
struct Making : DraftContext {
  explicit Making(const DraftContext& context) : DraftContext(context) {}
  [[nodiscard]] bool in_clear() const noexcept { return text == TextMode::plain; }
  // An entry's body with `clear` bytes of texts in it.
  [[nodiscard]] std::size_t expect(std::size_t clear) const {
    std::size_t bytes = kUsualBytes + (in_clear() ? clear : 0);
    if (sealed) {
      for (const auto& field : sealed->fields) bytes += field.box.size() + field.commitment.size() + 32;
    }
    return bytes;
  }
  std::optional<Sealed> sealed{};
};

// entry_effects.cpp
void write_texts(std::string& out, const std::vector<std::string>& texts);
void write_effects(std::string& out, const std::vector<EffectRecord>& effects);

// entry_records.cpp
// Fills the draft with the record's fields in the order of their keys. False: a number does not fit.
[[nodiscard]] bool write_record(Draft& draft, const Making& making, const Record& record);
// As they stand in the entry, be it sealed. `in_range` becomes false where a number does not fit.
void write_parameters(std::string& out, const std::vector<ParameterRecord>& parameters, bool with_values,
                      bool& in_range);
[[nodiscard]] bool reason_quotes_text(const DecisionRecord& record);
// As much of an outcome's error as is kept.
[[nodiscard]] std::string_view error_of(const OutcomeRecord& record);

// entry_bounds.cpp
// Tags come from the server: what is longer than any real one is cut, so that an outcome's size can be
// foreseen.
inline constexpr std::size_t kMaxTagBytes = 64;
// Likewise the name of a limit with its rule, of which the policy bounds the length.
inline constexpr std::size_t kMaxLimitBytes = 128;

// Never fewer than the JSON values of the entry, so that what is written can be read under the reader's
// limit.
[[nodiscard]] std::size_t value_bound(const Record& record);

}  // namespace portcullis::audit
