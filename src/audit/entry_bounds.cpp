// How large an entry can be.
#include <algorithm>
#include <tuple>

#include "audit/entry_writer.hpp"

namespace portcullis::audit {

// Never fewer than the JSON values of the entry, so that what is written can be read under the reader's
// limit.
std::size_t value_bound(const Record& record) {
  constexpr std::size_t fixed = 64, kMostValuesOfEffect = 42;
  if (const auto* decision = std::get_if<DecisionRecord>(&record)) {
    std::size_t texts = 0;
    for (const auto& effect : decision->effects) {
      texts += effect.columns.size();
      if (!effect.traits) continue;
      const auto& [names, values] = std::tie(effect.traits->names, effect.traits->values);
      texts += names.size() + values.size() + effect.traits->part_of.size() + effect.traits->casts.size();
    }
    return fixed + 2 * decision->kinds.size() + kMostValuesOfEffect * decision->effects.size() + 2 * texts +
           2 * decision->parameters.size() + 2 * decision->rates.size() + 2 * decision->limits.size();
  }
  if (const auto* outcome = std::get_if<OutcomeRecord>(&record))
    return fixed + 2 * outcome->tags.size() + 2 * kMostRowEntries;
  return fixed;
}

namespace {

// What an error's text adds to an outcome.
std::size_t error_bound(TextMode text) noexcept {
  constexpr std::size_t clear = 2 * kMaxErrorBytes + 24;  // and its key
  constexpr std::size_t box = (kMaxErrorBytes + kBoxBytes + 2) / 3 * 4;
  constexpr std::size_t around = 128;  // names, two numbers of 16 digits, the commitment
  switch (text) {
    case TextMode::plain: return clear;
    case TextMode::sealed: return box + around;
    case TextMode::none: return 0;
  }
  return clear;
}

}  // namespace

std::size_t outcome_bound(const DecisionRecord& decision, std::string_view origin, TextMode text) noexcept {
  constexpr std::size_t fixed =
      384 + kMaxLimitBytes * 2;                      // keys, seven numbers of 16 digits, the longest result
  constexpr std::size_t tag = kMaxTagBytes * 2 + 3;  // a tag may need escaping; quotes and comma
  constexpr std::size_t rows = kMostRowEntries * (kMaxRowEntryBytes * 2 + 3) + 16;
  return kStampBytes + origin.size() + fixed + error_bound(text) +
         tag * std::max<std::size_t>(decision.kinds.size(), 1) + (decision.rows_limit ? rows : 0) +
         (decision.dry_run.empty() ? 0 : rows);
}

}  // namespace portcullis::audit
