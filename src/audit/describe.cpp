// describe(): an entry as one line for a person.
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "audit/order_file.hpp"
#include "audit/read.hpp"
#include "audit/unsealer.hpp"
#include "base/encoding.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kShownBytes = 160;

struct Character {
  std::uint32_t point = 0;
  std::size_t length = 1;
};

// `text` is not empty. Bytes that are no UTF-8 count as characters of their own, above what Unicode has.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (length > text.size() || !base::is_valid_utf8(text.substr(0, length))) return {0x110000 + lead, 1};
  std::uint32_t point = lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) point = point << 6 | (byte(i) & 0x3f);
  return {point, length};
}

// C0, DEL and C1 control characters; line and paragraph separators; what is invisible or turns the direction
// of text (Unicode Standard Annex 9, section 2; general category Cf); private and tag characters.
bool is_unsafe(std::uint32_t point) {
  struct Range {
    std::uint32_t first, last;
  };
  constexpr std::array<Range, 12> ranges{{{0x00, 0x1f},
                                          {0x7f, 0x9f},
                                          {0xad, 0xad},
                                          {0x61c, 0x61c},
                                          {0x180e, 0x180e},
                                          {0x200b, 0x200f},
                                          {0x2028, 0x202e},
                                          {0x2060, 0x206f},
                                          {0xfeff, 0xfeff},
                                          {0xfff9, 0xfffb},
                                          {0xe0000, 0xe0fff},
                                          {0x110000, UINT32_MAX}}};
  for (const Range& range : ranges) {
    if (point >= range.first && point <= range.last) return true;
  }
  return false;
}

// Line feeds and tabs of a statement become spaces: it is to stand on one line.
std::string safe(std::string_view text, std::size_t limit = kShownBytes) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= limit) return out + "...";
    const Character character = first_character(text);
    if (character.point == '\n' || character.point == '\t') {
      out += ' ';
    } else if (is_unsafe(character.point)) {
      std::array<char, 16> escaped{};
      const bool byte = character.point >= 0x110000;
      std::snprintf(escaped.data(), escaped.size(), byte ? "\\x%02x" : "\\u{%x}",
                    byte ? character.point - 0x110000 : character.point);
      out += escaped.data();
    } else {
      out += text.substr(0, character.length);
    }
    text.remove_prefix(character.length);
  }
  return out;
}

struct Sentence {
  std::string text;
  void add(std::string_view words) {
    if (words.empty()) return;
    text += ' ';
    text += words;
  }
  void add(std::string_view before, const std::string& value, std::string_view after = {}) {
    if (value.empty()) return;
    text += ' ';
    text.append(before).append(value).append(after);
  }
};

std::string field(const EntryReader& entry, std::string_view key) {
  return safe(entry.text(key));
}

// A text that may be sealed: what can be said of it.
std::string text_of(const EntryReader& entry, std::string_view key, Unsealer* keys) {
  const auto sealed = entry.sealed();
  if (!sealed || sealed->find(key) == nullptr) return field(entry, key);
  return keys == nullptr ? "[sealed]" : safe(shown(keys->open(entry, key)));
}

std::string number(const EntryReader& entry, std::string_view key) {
  const auto value = entry.number(key);
  return value ? std::to_string(*value) : std::string{};
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

// "update public.orders, select public.customers"
std::string effects_of(const EntryReader& entry) {
  const JsonLine& json = entry.json();
  const auto* effects = json.find(json.root(), "effects");
  if (effects == nullptr) return {};
  std::string out;
  for (const auto* effect = json.first_child(*effects); effect != nullptr; effect = json.next(*effect)) {
    if (out.size() > kShownBytes) return out + ", ...";
    if (!out.empty()) out += ", ";
    out += safe(entry.text(*effect, "action"));
    const std::string object = safe(entry.text(*effect, "object"));
    if (!object.empty()) out += ' ' + object;
  }
  return out;
}

std::string texts_of(const EntryReader& entry, std::string_view key) {
  const JsonLine& json = entry.json();
  const auto* array = json.find(json.root(), key);
  if (array == nullptr) return {};
  std::string out;
  for (const auto* text = json.first_child(*array); text != nullptr; text = json.next(*text)) {
    if (out.size() > kShownBytes) return out + ", ...";
    if (!out.empty()) out += ", ";
    const bool clear = text->kind == JsonLine::Kind::string;
    out += safe(clear ? json.text(*text) : base::from_base64(entry.text(*text, "base64")).value_or(""));
  }
  return out;
}

void describe_session(const EntryReader& entry, Sentence& out) {
  out.add("session ", number(entry, "session"));
  out.add(field(entry, "event"));
  out.add("", number(entry, "count"), " more");
  out.add("from ", field(entry, "client"));
  out.add("as ", field(entry, "role"));
  out.add("on ", field(entry, "database"));
  out.add(field(entry, "sqlstate"));
  out.add("(", field(entry, "reason"), ")");
}

void describe_decision(const EntryReader& entry, Unsealer* keys, Sentence& out) {
  out.add(upper(field(entry, "verdict")));
  out.add(field(entry, "message"));
  const std::string effects = effects_of(entry);
  out.add(effects.empty() ? texts_of(entry, "kinds") : effects);
  out.add("rule ", field(entry, "rule"));
  out.add(field(entry, "sqlstate"));
  out.add("(", text_of(entry, "reason", keys), ")");
  out.add("| ", text_of(entry, "text", keys));
}

void describe_outcome(const EntryReader& entry, Unsealer* keys, Sentence& out) {
  out.add("of #", number(entry, "decision"));
  out.add(field(entry, "result"));
  out.add(texts_of(entry, "tags"));
  out.add(field(entry, "sqlstate"));
  out.add("(", text_of(entry, "error", keys), ")");
  out.add("stopped by ", field(entry, "limit"));
  out.add("in ", number(entry, "duration"), " us");
}

// "action erase, records 17 100-200, basis Art. 17 GDPR"
std::string order_of(const EntryReader& entry) {
  const auto read = read_order(entry.text("order"));
  if (!read) return "an order that is none";
  const Order& order = read->order;
  std::string out = "order to " + std::string(to_text(order.action));
  if (order.action == OrderAction::release) {
    out += " " + order.hold;
  } else if (order.action == OrderAction::prune) {
    out += " the entries before " + std::to_string(order.first);
  } else {
    out += " " + safe(to_text(std::span(order.records))) + " (" + to_text(order.classes) + ")";
  }
  return out + ": " + safe(order.basis) + (order.ticket.empty() ? "" : ", " + safe(order.ticket));
}

void describe_erase(const EntryReader& entry, Sentence& out) {
  const auto before = entry.number("before");
  if (before) {
    out.add("all of the class ", field(entry, "class"), " before " + time_text(*before));
    return;
  }
  out.add(field(entry, "hash"));
  out.add(order_of(entry));
}

void describe_read(const EntryReader& entry, Sentence& out) {
  out.add("by ", field(entry, "by"));
  out.add("", number(entry, "records"), " entries");
  out.add("from #", number(entry, "first"), " to #" + number(entry, "last"));
  out.add(texts_of(entry, "classes"));
  out.add("into a file ", field(entry, "hash"));
  out.add("(", field(entry, "purpose"), ")");
}

}  // namespace

std::string time_text(std::int64_t micros) {
  const std::time_t seconds = micros / 1'000'000;
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return std::to_string(micros);
  std::array<char, 48> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(micros % 1'000'000));
  return std::string(text.data(), length) + fraction.data();
}

std::string on_one_line(std::string_view text) {
  return safe(text, SIZE_MAX);
}

std::string on_one_line(std::string_view text, std::size_t most) {
  return safe(text, most);
}

std::string describe(const EntryReader& entry, Unsealer* keys) {
  Sentence out{time_text(entry.micros())};
  out.add("#", std::to_string(entry.index()));
  out.add(to_text(entry.type()));
  out.add(field(entry, "agent"));
  switch (entry.type()) {
    case EntryType::session: describe_session(entry, out); break;
    case EntryType::decision: describe_decision(entry, keys, out); break;
    case EntryType::outcome: describe_outcome(entry, keys, out); break;
    case EntryType::policy:
      out.add(field(entry, "name"));
      out.add(field(entry, "hash"));
      break;
    case EntryType::dry_run: out.add(field(entry, "hash")); break;
    case EntryType::key: out.add("signs from here on: ", field(entry, "new")); break;
    case EntryType::counted:
      out.add("session ", number(entry, "session"));
      out.add(number(entry, "count"), " more refused with ", field(entry, "sqlstate"));
      out.add("rule ", field(entry, "rule"));
      break;
    case EntryType::anchor:
      out.add(field(entry, "name"));
      out.add(field(entry, "state"));
      out.add("(", field(entry, "reason"), ")");
      break;
    case EntryType::erase: describe_erase(entry, out); break;
    case EntryType::hold:
    case EntryType::prune:
      out.add(field(entry, "hash"));
      out.add(order_of(entry));
      break;
    case EntryType::read:
    case EntryType::export_: describe_read(entry, out); break;
    case EntryType::recovered:
      out.add("dropped ", number(entry, "dropped"), " bytes of an unfinished batch");
      break;
    case EntryType::open: out.add("version ", field(entry, "version")); break;
    case EntryType::segment:
    case EntryType::close:
    case EntryType::heartbeat:
    case EntryType::config: break;
  }
  return out.text;
}

}  // namespace portcullis::audit
