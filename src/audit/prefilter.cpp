#include "audit/prefilter.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/encoding.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

// As RFC 8785 writes it, between the quotes.
std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    constexpr std::string_view kPlain = "\"\\\b\t\n\f\r", kLetters = "\"\\btnfr";
    if (const auto known = kPlain.find(c); known != std::string_view::npos) {
      out += '\\';
      out += kLetters[known];
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15u];
    } else {
      out += c;
    }
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text) + '"';
}

// The first place of a short text; memmem(), which is no standard C++, is many times quicker than find().
std::size_t find_in(std::string_view line, std::string_view bytes) noexcept {
  const void* const at = ::memmem(line.data(), line.size(), bytes.data(), bytes.size());
  return at == nullptr ? std::string_view::npos
                       : static_cast<std::size_t>(static_cast<const char*>(at) - line.data());
}

}  // namespace

Prefilter::Needle::Needle(std::string bytes)
    : bytes_(std::make_unique<const std::string>(std::move(bytes))),
      searcher_(bytes_->data(), bytes_->data() + bytes_->size()) {}

bool Prefilter::Needle::is_in(std::string_view line) const {
  const char* const end = line.data() + line.size();
  return std::search(line.data(), end, searcher_) != end;
}

Prefilter::Prefilter(const EntryFilter& filter) {
  if (filter.type) need({"\"t\":" + in_quotes(to_text(*filter.type))});
  need_text("agent", filter.agent);
  need_text("verdict", filter.verdict);
  need_text("sqlstate", filter.sqlstate);
  need_text("rule", filter.rule);
  need_text("action", filter.action);
  // "t" and "ts" come behind it in every entry.
  if (filter.session) need({"\"session\":" + std::to_string(*filter.session) + ","});
  if (!filter.kind.empty()) need({in_quotes(escaped(filter.kind)), in_quotes(base::to_base64(filter.kind))});
  if (!filter.trace.empty()) need({escaped(filter.trace), "\"trace_base64\":"});
  if (filter.table.ends_with(".*")) {
    const std::string schema = filter.table.substr(0, filter.table.size() - 1);
    need({"\"object\":\"" + escaped(schema), "\"object_base64\":"});
  } else {
    need_text("object", filter.table);
  }
}

void Prefilter::need_text(const std::string& key, const std::string& value) {
  if (value.empty()) return;
  std::vector<std::string> forms;
  if (base::is_valid_utf8(value)) forms.push_back(in_quotes(key) + ":" + in_quotes(escaped(value)));
  forms.push_back(in_quotes(key + "_base64") + ":" + in_quotes(base::to_base64(value)));
  need(std::move(forms));
}

void Prefilter::need(std::vector<std::string> any_of) {
  auto& group = groups_.emplace_back();
  for (auto& bytes : any_of) group.emplace_back(std::move(bytes));
}

bool Prefilter::passes(std::string_view line) const {
  return std::all_of(groups_.begin(), groups_.end(), [&](const std::vector<Needle>& group) {
    return std::any_of(group.begin(), group.end(), [&](const Needle& needle) { return needle.is_in(line); });
  });
}

// Within a string, a quote has a backslash before it: these bytes are always a key.
std::string_view raw_type(std::string_view line) noexcept {
  constexpr std::string_view kKey = ",\"t\":\"";
  const auto at = find_in(line, kKey);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + kKey.size());
  return line.substr(0, line.find('"'));
}

std::optional<std::uint64_t> raw_number(std::string_view line, std::string_view key) noexcept {
  const auto at = find_in(line, key);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + key.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc{} || end == line.data()) return std::nullopt;
  return number;
}

}  // namespace portcullis::audit
