#include "session/facts_cache.hpp"

#include <algorithm>
#include <utility>

#include "session/cache_tally.hpp"

namespace portcullis::session {
namespace {

// As sql::free_digits() gives them at the most.
constexpr std::size_t kMostDigits = 9;
constexpr char kMask = '0';

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What digits behind it belong to: a name, $1, a fraction.
bool takes_digits(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c == '.' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// A guess that costs no parse. Where it masks a digit that decides something, in a string say, the entry's
// key has that digit.
void mask_digits(std::string& masked, std::string_view text) {
  masked = text;
  for (std::size_t i = 0; i < masked.size();) {
    if (!is_digit(masked[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < masked.size() && is_digit(masked[end])) ++end;
    const bool may_be_free = end - i <= kMostDigits && (i == 0 || !takes_digits(masked[i - 1]));
    if (may_be_free)
      std::fill(masked.begin() + static_cast<std::ptrdiff_t>(i),
                masked.begin() + static_cast<std::ptrdiff_t>(end), kMask);
    i = end;
  }
}

// False where the text has anything but digits there.
bool mask_at(std::string& masked, std::string_view text, const std::vector<sql::Digits>& places) {
  masked = text;
  for (const auto& [offset, length] : places) {
    for (std::size_t i = offset; i < std::size_t{offset} + length; ++i) {
      if (i >= masked.size() || !is_digit(masked[i])) return false;
      masked[i] = kMask;
    }
  }
  return true;
}

std::vector<sql::Digits> places_of(const Analysis& analysis) {
  std::vector<sql::Digits> places;
  if (!*analysis) return places;
  for (const auto& statement : (*analysis)->statements)
    places.insert(places.end(), statement.free_digits.begin(), statement.free_digits.end());
  return places;
}

}  // namespace

FactsCache::~FactsCache() {
  add_cache_counts({.texts = asked_, .texts_found = found_});
}

Analysis FactsCache::find(std::string_view text) {
  if (text.size() > kMaxText) return nullptr;
  if (const auto* found = entries_.find(text); found != nullptr && !found->places) return found->analysis;
  return find_alike(text);
}

Analysis FactsCache::find_alike(std::string_view text) {
  mask_digits(masked_, text);
  const Places* const places = places_.find(masked_);
  if (places == nullptr || !mask_at(masked_, text, **places)) return nullptr;
  const Entry* const entry = entries_.find(masked_);
  // Another text may have the same key with other places: there its digits stand for themselves.
  const bool is_alike = entry != nullptr && entry->places && *entry->places == **places;
  return is_alike ? entry->analysis : nullptr;
}

Analysis FactsCache::analyze(std::string_view text) {
  ++asked_;
  if (auto found = find(text)) {
    ++found_;
    return found;
  }
  auto analysis = std::make_shared<const base::Result<sql::Facts>>(sql::analyze(text, limits_));
  if (text.size() <= kMaxText) keep(text, analysis);
  return analysis;
}

void FactsCache::keep(std::string_view text, const Analysis& analysis) {
  auto found = places_of(analysis);
  if (found.empty()) return entries_.put(std::string(text), {analysis, nullptr});
  const auto places = std::make_shared<const std::vector<sql::Digits>>(std::move(found));
  mask_digits(masked_, text);
  places_.put(masked_, places);
  if (mask_at(masked_, text, *places)) entries_.put(masked_, {analysis, places});
}

}  // namespace portcullis::session
