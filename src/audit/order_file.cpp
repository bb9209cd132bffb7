#include "audit/order_file.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "audit/text_lines.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

constexpr std::string_view kHead = "portcullis order v1";
constexpr std::string_view kActions[] = {"erase", "hold", "release", "prune"};

base::Error no_order(const std::string& why) {
  return {.code = base::sqlstate::invalid_parameter_value,
          .message = "this is no order, " + why +
                     ": give the file byte for byte as `portcullis audit order` and `audit sign` wrote it"};
}

// A single index has one number: "17-17" is no range.
std::optional<IndexRange> read_range(std::string_view text) {
  const bool is_one = text.find('-') == std::string_view::npos;
  const auto first = read_number(cut(text, '-'));
  const auto last = is_one ? first : read_number(text);
  if (!first || !last || (!is_one && *first >= *last)) return std::nullopt;
  return IndexRange{*first, *last};
}

std::optional<OrderAction> read_action(std::string_view text) {
  const auto* const found = std::find(std::begin(kActions), std::end(kActions), text);
  if (found == std::end(kActions)) return std::nullopt;
  return static_cast<OrderAction>(found - std::begin(kActions));
}

// Nothing, or what is wrong.
std::optional<std::string> read_reach(std::string_view& text, Order& order) {
  if (order.action == OrderAction::release) {
    const auto hold = value_of(text, "hold");
    if (!hold || !is_hash(*hold)) return "it does not name what it releases by a hash of 64 digits";
    order.hold = *hold;
    return std::nullopt;
  }
  if (order.action == OrderAction::prune) {
    const auto digits = value_of(text, "first");
    const auto first = digits ? read_number(*digits) : std::nullopt;
    if (!first || *first == 0) return "it does not name the first entry that is kept, above 0";
    order.first = *first;
    return std::nullopt;
  }
  const auto records = value_of(text, "records");
  auto ranges = records ? read_ranges(*records) : std::nullopt;
  if (!ranges)
    return "its records are not 1 to 1,000 ranges of indexes that rise, with a gap between any two";
  order.records = std::move(*ranges);
  const auto names = value_of(text, "classes");
  const auto classes = names ? read_classes(*names) : std::nullopt;
  if (!classes) return "its classes are not of parameters, said, text, in this order";
  order.classes = *classes;
  return std::nullopt;
}

std::optional<std::string> read_cause(std::string_view& text, Order& order) {
  const auto basis = value_of(text, "basis");
  if (!basis || !is_said_text(*basis)) return "its basis is not 1 to 500 bytes of text";
  order.basis = *basis;
  if (const auto ticket = value_of(text, "ticket")) {
    if (!is_said_text(*ticket)) return "its ticket is not 1 to 500 bytes of text";
    order.ticket = *ticket;
  }
  const auto time = value_of(text, "time");
  const auto micros = time ? read_number(*time) : std::nullopt;
  if (!micros) return "its time is no number of microseconds";
  order.micros = *micros;
  return std::nullopt;
}

// The lines that are signed. Nothing, or what is wrong.
std::optional<std::string> read_lines(std::string_view text, Order& order) {
  if (cut(text, '\n') != kHead) return "it does not begin with \"" + std::string(kHead) + "\"";
  const auto origin = value_of(text, "origin");
  if (!origin) return "its second line names no log";
  order.origin = *origin;
  const auto word = value_of(text, "action");
  const auto action = word ? read_action(*word) : std::nullopt;
  if (!action) return "its action is not erase, hold, release or prune";
  order.action = *action;
  if (auto wrong = read_reach(text, order)) return wrong;
  if (auto wrong = read_cause(text, order)) return wrong;
  if (!text.empty()) return "there are more lines behind its time";
  return std::nullopt;
}

}  // namespace

std::string_view to_text(OrderAction action) noexcept {
  return kActions[static_cast<std::size_t>(action)];
}

std::string to_text(std::span<const IndexRange> records) {
  std::string out;
  for (const auto& [first, last] : records) {
    if (!out.empty()) out += ' ';
    out += std::to_string(first);
    if (last != first) out.append("-").append(std::to_string(last));
  }
  return out;
}

std::string to_text(const Order& order) {
  std::string out = std::string(kHead) + '\n';
  add_line(out, "origin", order.origin);
  add_line(out, "action", to_text(order.action));
  if (order.action == OrderAction::release) {
    add_line(out, "hold", order.hold);
  } else if (order.action == OrderAction::prune) {
    add_line(out, "first", std::to_string(order.first));
  } else {
    add_line(out, "records", to_text(std::span(order.records)));
    add_line(out, "classes", to_text(order.classes));
  }
  add_line(out, "basis", order.basis);
  if (!order.ticket.empty()) add_line(out, "ticket", order.ticket);
  add_line(out, "time", std::to_string(order.micros));
  return out;
}

std::optional<std::vector<IndexRange>> read_ranges(std::string_view text) {
  std::vector<IndexRange> ranges;
  for (bool more = true; more;) {
    more = text.find(' ') != std::string_view::npos;
    const auto range = read_range(cut(text, ' '));
    if (!range || ranges.size() == kMostRanges) return std::nullopt;
    if (!ranges.empty() && range->first < ranges.back().last + 2) return std::nullopt;
    ranges.push_back(*range);
  }
  return ranges;
}

base::Result<SignedOrder> read_order(std::string_view bytes, Unsigned no_signature) {
  if (bytes.size() > kMaxOrderBytes) return no_order("it is longer than 64 KiB");
  if (!bytes.ends_with('\n')) return no_order("it does not end with a line feed");
  if (has_control_characters(bytes)) return no_order("it has control characters");
  if (!base::is_valid_utf8(bytes)) return no_order("it is not UTF-8");
  const auto blank = bytes.find("\n\n");
  if (blank == std::string_view::npos) return no_order("it has no empty line before its signatures");
  SignedOrder read;
  read.text = bytes.substr(0, blank + 1);
  if (const auto wrong = read_lines(read.text, read.order)) return no_order(*wrong);
  read.hash = sha256_hex(read.text);
  const std::string_view lines = bytes.substr(blank + 2);
  if (lines.empty() && no_signature == Unsigned::take) return read;
  if (const auto wrong = read_signatures(lines, read.signatures)) return no_order(*wrong);
  return read;
}

base::Result<std::size_t> count_signers(const SignedOrder& order, std::span<const VerifierKey> keys) {
  std::set<PublicKey> signers;
  for (const VerifierKey& key : keys) {
    const Signed result = is_signed(order.text, order.signatures, key);
    if (result == Signed::wrong) {
      return base::Error{
          .code = base::sqlstate::invalid_parameter_value,
          .message = "a signature of \"" + key.name +
                     "\" on the order does not hold: it was changed behind its signing; make it "
                     "anew and have it signed again"};
    }
    if (result == Signed::by_key) signers.insert(key.key);
  }
  return signers.size();
}

}  // namespace portcullis::audit
