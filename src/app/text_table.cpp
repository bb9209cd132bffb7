#include "app/text_table.hpp"

#include <algorithm>

namespace portcullis::app {
namespace {

bool is_control(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  if (byte(at) < 0x20 || byte(at) == 0x7f) return true;
  // U+0080 to U+009F, two bytes each in UTF-8.
  return byte(at) == 0xc2 && byte(at + 1) >= 0x80 && byte(at + 1) <= 0x9f;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string safe(text);
  for (std::size_t i = 0; i < safe.size(); ++i) {
    if (!is_control(safe, i)) continue;
    if (static_cast<unsigned char>(safe[i]) == 0xc2) safe[i++] = '?';
    safe[i] = '?';
  }
  return safe;
}

std::string to_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size());
  for (const auto& cells : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  }
  std::string table;
  for (const auto& cells : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < widths.size(); ++i) {
      line += ' ' + cells[i] + std::string(widths[i] - cells[i].size() + 1, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    table += line + "\n";
  }
  return table;
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

}  // namespace portcullis::app
