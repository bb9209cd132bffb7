#include "audit/parsed_texts.hpp"

#include "audit/entry_texts.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kMostTexts = 8'192, kMostBytes = std::size_t{16} << 20;

}  // namespace

void ParsedTexts::remember(std::uint64_t index, const std::string& text) {
  if (!texts_.emplace(index, text).second) return;
  order_.push_back(index);
  bytes_ += text.size();
  while (order_.size() > kMostTexts || (bytes_ > kMostBytes && order_.size() > 1)) {
    const auto oldest = texts_.find(order_.front());
    bytes_ -= oldest->second.size();
    texts_.erase(oldest);
    order_.pop_front();
  }
}

base::Result<std::string> ParsedTexts::of(std::uint64_t index) {
  if (const auto known = texts_.find(index); known != texts_.end()) return known->second;
  const auto line = log_.line_of(index);
  if (!line) return line.error();
  EntryReader entry;
  const bool is_there = *line && !entry.read(**line) && entry.type() == EntryType::decision;
  std::string text = is_there ? statement_text(entry, keys_) : std::string{};
  remember(index, text);
  return text;
}

}  // namespace portcullis::audit
