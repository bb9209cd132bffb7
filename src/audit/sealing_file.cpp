// Keys are only ever in buffers that are wiped or of a size that is known ahead: hence no base64 that makes
// strings of its own.
#include "audit/sealing_file.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "audit/format.hpp"
#include "audit/origin.hpp"
#include "audit/wiped.hpp"

namespace portcullis::audit {
namespace {

constexpr std::string_view kHead = "portcullis sealing keys v1";
constexpr std::size_t kKeyDigits = 44;  // 32 bytes in base64, with one sign of padding
constexpr std::size_t kLongestNode = 10 + 1 + 2 + 1 + 7 + 1 + kKeyDigits + 1;
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void write_key(std::string& out, const SecretKey& key) {
  Wiped<kKeyDigits + 1> digits;  // and a zero byte
  EVP_EncodeBlock(digits.bytes.data(), key.bytes.data(), static_cast<int>(key.bytes.size()));
  out.append(digits.bytes.begin(), digits.bytes.begin() + kKeyDigits);
}

bool read_key(std::string_view digits, SecretKey& key) {
  if (digits.size() != kKeyDigits || digits.back() != '=') return false;
  if (digits.substr(0, kKeyDigits - 1).find_first_not_of(kBase64) != std::string_view::npos) return false;
  constexpr std::size_t decoded = kKeyDigits / 4 * 3;  // one byte more than the key: the padding's
  Wiped<decoded> bytes;
  const int size = EVP_DecodeBlock(bytes.bytes.data(), reinterpret_cast<const unsigned char*>(digits.data()),
                                   static_cast<int>(digits.size()));
  if (size != static_cast<int>(decoded)) return false;
  // The last character holds two bits that belong to no byte.
  if (kBase64.find(digits[kKeyDigits - 2]) % 4 != 0) return false;
  std::copy_n(bytes.bytes.begin(), key.bytes.size(), key.bytes.begin());
  return true;
}

base::Error wrong(const std::string& why) {
  return {.code = base::sqlstate::invalid_parameter_value, .message = why};
}

// Decimal, without leading zeros, at most `largest`.
std::optional<std::uint64_t> read_number(std::string_view text, std::uint64_t largest) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = !text.empty() && error == std::errc{} && end == text.data() + text.size();
  if (!is_whole || (text.size() > 1 && text.front() == '0') || number > largest) return std::nullopt;
  return number;
}

// Cuts off what stands before the next `mark`, and the mark; nothing where there is none.
std::optional<std::string_view> cut(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(at + 1);
  return before;
}

// Of a line "NAME VALUE".
std::optional<std::string_view> value_of(std::string_view& text, std::string_view name) {
  const auto line = cut(text, '\n');
  if (!line || !line->starts_with(name) || line->size() <= name.size() || (*line)[name.size()] != ' ')
    return std::nullopt;
  return line->substr(name.size() + 1);
}

// The class of a line of a node, and that node; false where it is none.
bool read_node(std::string_view line, SealClass& kind, KeyTree::Node& node) {
  const auto name = cut(line, ' '), level = cut(line, ' '), number = cut(line, ' ');
  if (!name || !level || !number) return false;
  const auto named = seal_class(*name);
  const auto at = read_number(*level, kTreeDepth), among = read_number(*number, kSlots - 1);
  if (!named || !at || !among || !read_key(line, node.key)) return false;
  kind = *named;
  node.level = static_cast<std::uint32_t>(*at);
  node.number = static_cast<std::uint32_t>(*among);
  return true;
}

base::Result<void> read_nodes(std::string_view text, SealingKeys& keys) {
  auto latest = SealClass::parameters;
  for (std::size_t line_number = 5; !text.empty(); ++line_number) {
    const auto line = cut(text, '\n');
    SealClass kind{};
    KeyTree::Node node;
    const std::string where = "line " + std::to_string(line_number);
    if (!line) return wrong(where + " has no line feed");
    if (!read_node(*line, kind, node)) return wrong(where + " is no key: CLASS LEVEL NUMBER KEY");
    if (kind < latest) return wrong(where + " is of a class that comes before the last one");
    latest = kind;
    if (!keys.of(kind).append(node)) return wrong(where + " is not behind the slots of the one before");
  }
  return {};
}

}  // namespace

std::optional<SealClass> seal_class(std::string_view name) noexcept {
  const auto found = std::find(kSealClasses.begin(), kSealClasses.end(), name);
  if (found == kSealClasses.end()) return std::nullopt;
  return static_cast<SealClass>(found - kSealClasses.begin());
}

std::optional<SealClass> class_of_field(std::string_view field) noexcept {
  if (field == "parameters") return SealClass::parameters;
  if (field == "said") return SealClass::said;
  if (field == "text" || field == "reason" || field == "report" || field == "error") return SealClass::text;
  return std::nullopt;
}

base::Result<SealingKeys> make_sealing_keys(std::string origin, std::uint64_t epoch, std::int64_t made) {
  SealingKeys keys{std::move(origin), epoch, made, {}};
  for (auto& tree : keys.trees) {
    const auto root = random_key();
    if (!root) return root.error();
    tree = KeyTree(*root);
  }
  return keys;
}

// The buffer has its size from the start: one that grows would leave copies behind.
base::Secret sealing_text(const SealingKeys& keys) {
  std::size_t nodes = 0;
  for (const auto& tree : keys.trees) nodes += tree.nodes().size();
  std::string out;
  out.reserve(kHead.size() + keys.origin.size() + 128 + nodes * kLongestNode);
  out.append(kHead).append("\norigin ").append(keys.origin);
  out.append("\nepoch ").append(std::to_string(keys.epoch));
  out.append("\nmade ").append(std::to_string(keys.made)) += '\n';
  for (std::size_t kind = 0; kind < keys.trees.size(); ++kind) {
    for (const auto& node : keys.trees[kind].nodes()) {
      out.append(kSealClasses[kind]).append(" ").append(std::to_string(node.level));
      out.append(" ").append(std::to_string(node.number)) += ' ';
      write_key(out, node.key);
      out += '\n';
    }
  }
  return base::Secret(std::move(out));
}

base::Result<SealingKeys> read_sealing_text(std::string_view bytes) {
  if (cut(bytes, '\n') != kHead) return wrong("it does not begin with \"" + std::string(kHead) + "\"");
  SealingKeys keys;
  const auto origin = value_of(bytes, "origin");
  if (!origin || !check_log_name(*origin)) return wrong("its second line names no origin");
  keys.origin = *origin;
  constexpr auto largest = static_cast<std::uint64_t>(kMaxInteger);
  const auto epoch = value_of(bytes, "epoch");
  const auto number = epoch ? read_number(*epoch, largest) : std::nullopt;
  if (!number) return wrong("its third line names no epoch");
  keys.epoch = *number;
  const auto made = value_of(bytes, "made");
  const auto time = made ? read_number(*made, largest) : std::nullopt;
  if (!time) return wrong("its fourth line names no time");
  keys.made = static_cast<std::int64_t>(*time);
  if (const auto read = read_nodes(bytes, keys); !read) return read.error();
  return keys;
}

}  // namespace portcullis::audit
