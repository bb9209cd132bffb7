#include "audit/format.hpp"

#include <charconv>

namespace portcullis::audit {
namespace {

constexpr std::size_t kDigits = 20;

std::string numbered(std::uint64_t index, std::string_view suffix) {
  const std::string digits = std::to_string(index);
  return std::string(kDigits - digits.size(), '0') + digits + std::string(suffix);
}

std::optional<std::uint64_t> number_of(std::string_view name, std::string_view suffix) {
  if (name.size() != kDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint64_t index = 0;
  const char* const end = name.data() + kDigits;
  const auto [stop, error] = std::from_chars(name.data(), end, index);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return index;
}

}  // namespace

std::string segment_name(std::uint64_t first_index) {
  return numbered(first_index, kSegmentSuffix);
}

std::optional<std::uint64_t> segment_first_index(std::string_view name) {
  return number_of(name, kSegmentSuffix);
}

std::string notes_name(std::uint64_t first_index) {
  return numbered(first_index, kNotesSuffix);
}

std::optional<std::uint64_t> notes_first_index(std::string_view name) {
  return number_of(name, kNotesSuffix);
}

std::string sealing_name(std::uint64_t epoch) {
  return numbered(epoch, kSealingSuffix);
}

std::optional<std::uint64_t> sealing_epoch(std::string_view name) {
  return number_of(name, kSealingSuffix);
}

}  // namespace portcullis::audit
