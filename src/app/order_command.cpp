#include "app/order_command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "app/exit_code.hpp"
#include "app/moment.hpp"
#include "app/order_reach.hpp"
#include "app/text_table.hpp"
#include "audit/directory_listing.hpp"
#include "audit/key_file.hpp"
#include "audit/note_file.hpp"
#include "audit/read.hpp"
#include "base/descriptor.hpp"

namespace portcullis::app {
namespace {

using audit::Order;
using audit::OrderAction;

int fail(Console& console, int code, const std::string& message) {
  console.err << "portcullis: " << audit::on_one_line(message) << "\n";
  return code;
}

base::Error unfit(std::string message) {
  return {.code = base::sqlstate::invalid_parameter_value, .message = std::move(message)};
}

std::string cannot_write(const std::filesystem::path& file, int error) {
  if (error == EEXIST)
    return "\"" + file.string() + "\" is there already, and no order is overwritten: name another file";
  return "cannot write \"" + file.string() + "\": " + std::generic_category().message(error);
}

// --- made --------------------------------------------------------------------------------------------------

base::Result<audit::SealClassSet> classes_of(const std::vector<std::string>& names) {
  if (names.empty()) return audit::SealClassSet::all();
  audit::SealClassSet classes;
  for (const auto& name : names) {
    const auto kind = audit::seal_class(name);
    if (!kind) return unfit("there is no class \"" + name + "\": give parameters, said or text");
    classes.add(*kind);
  }
  return classes;
}

base::Result<ReachQuery> query_of(const MakeOrderOptions& options) {
  ReachQuery query;
  query.agent = options.agent;
  if (options.records.empty() && options.agent.empty() && options.before.empty())
    return unfit("say which records are meant: --records, --agent or --before");
  auto classes = classes_of(options.classes);
  if (!classes) return classes.error();
  query.classes = *classes;
  if (!options.records.empty()) {
    auto records = read_records(options.records);
    if (!records) return records.error();
    query.records = std::move(*records);
  }
  if (!options.before.empty()) {
    const auto before = read_moment(options.before, now_micros());
    if (!before) return before.error();
    query.before = *before;
  }
  return query;
}

// As it was asked for where nothing else was said, else what was found.
std::vector<audit::IndexRange> ranges_of(const ReachQuery& query, const Reached& found) {
  if (!query.records || !query.agent.empty() || query.before != ReachQuery{}.before) return found.ranges;
  std::vector<audit::IndexRange> ranges;
  for (const auto& [first, last] : query.records->ranges()) ranges.push_back({first, last});
  return ranges;
}

// Nothing, or why no order can be made of it.
std::optional<std::string> objection(const Reached& found, const std::vector<audit::IndexRange>& ranges) {
  if (found.records == 0) {
    return "no sealed text of these classes is among those records" +
           (found.clear == 0 ? std::string()
                             : "; " + std::to_string(found.clear) +
                                   " of them have texts in the clear, which cannot be erased from a log");
  }
  if (ranges.back().last >= found.entries)
    return "the log ends before entry " + std::to_string(ranges.back().last) + ": its last one is " +
           std::to_string(found.entries - 1);
  if (ranges.size() <= audit::kMostRanges) return std::nullopt;
  return "that are " + std::to_string(ranges.size()) +
         " ranges of records, and an order has at most 1,000: make several, the first one with --records 0-" +
         std::to_string(ranges[audit::kMostRanges - 1].last) + ", the next one from there on";
}

void print_reach(const Reached& found, std::ostream& out) {
  out << "  reaches:  " << found.records << (found.records == 1 ? " record" : " records") << ", from "
      << audit::time_text(found.first) << " to " << audit::time_text(found.last) << "\n";
  std::string agents;
  for (const auto& agent : found.agents) agents += (agents.empty() ? "" : ", ") + audit::on_one_line(agent);
  if (!agents.empty()) out << "  agents:   " << agents << "\n";
  if (found.clear > 0) {
    out << "  not:      " << found.clear
        << " records have texts in the clear, since audit.text was not \"sealed\": those stay\n";
  }
}

// What the reader would refuse, the person typed.
base::Result<audit::SignedOrder> checked(const Order& order) {
  auto read = audit::read_order(audit::to_text(order) + "\n", audit::Unsigned::take);
  if (!read) {
    return unfit(
        "the basis and the ticket are 1 to 500 bytes of UTF-8 each, without line ends, tabs or spaces "
        "around them, and a hold is named by the 64 digits that `portcullis audit orders` shows");
  }
  return read;
}

int write_order(const audit::SignedOrder& order, const std::filesystem::path& out, const Reached* found,
                Console& console) {
  const base::Descriptor made(
      ::open(out.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!made.is_open()) return fail(console, kFailure, cannot_write(out, errno));
  if (const int error = base::write_and_sync(made, order.text + "\n"); error != 0) {
    ::unlink(out.c_str());
    return fail(console, kFailure, cannot_write(out, error));
  }
  console.out << in_words(order);
  if (found != nullptr) print_reach(*found, console.out);
  console.out << "\nIt does nothing before two of the people in audit.erasers have signed it:\n  portcullis "
                 "audit sign "
              << audit::on_one_line(out.string()) << " --key THEIR_KEY\n";
  return kSuccess;
}

struct FirstEntry {
  std::string origin{};
  std::int64_t micros = 0;
};

base::Result<FirstEntry> first_of(const std::filesystem::path& directory, std::uint64_t index) {
  FirstEntry first;
  audit::EntryFilter filter;
  filter.from = filter.to = index;
  const auto read = audit::for_each_entry(directory, filter, [&](const audit::EntryReader& entry) {
    first = {std::string(entry.origin().substr(0, entry.origin().rfind('#'))), entry.micros()};
    return false;
  });
  if (!read) return read.error();
  return first;
}

int make_release(Order order, const MakeOrderOptions& options, Console& console) {
  std::string origin;
  const auto read = audit::for_each_entry(options.directory, {}, [&](const audit::EntryReader& entry) {
    origin = entry.origin().substr(0, entry.origin().rfind('#'));
    return false;
  });
  if (!read) return fail(console, kFailure, read.error().message);
  order.origin = origin;
  order.hold = options.hold;
  const auto made = checked(order);
  if (!made) return fail(console, kUsage, made.error().message);
  return write_order(*made, options.out, nullptr, console);
}

// The newest segment whose first entry is not behind what was asked for: all before it may go.
base::Result<std::size_t> first_kept(const std::vector<audit::SegmentPath>& segments,
                                     const MakeOrderOptions& options) {
  if (options.first.has_value() != options.before.empty())
    return unfit("say which segments are meant: either --first or --before");
  if (options.first) {
    const auto behind = std::upper_bound(
        segments.begin(), segments.end(), *options.first,
        [](std::uint64_t wanted, const auto& segment) { return wanted < segment.first_index; });
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(behind - segments.begin(), 1) - 1);
  }
  const auto before = read_moment(options.before, now_micros());
  if (!before) return before.error();
  std::size_t kept = 0;
  for (std::size_t i = 1; i < segments.size(); ++i) {
    const auto began = first_of(options.directory, segments[i].first_index);
    if (!began) return began.error();
    if (began->micros <= *before) kept = i;
  }
  return kept;
}

int make_prune(Order order, const MakeOrderOptions& options, Console& console) {
  const auto segments = audit::list_segments(options.directory);
  if (!segments) return fail(console, kFailure, segments.error().message);
  if (segments->empty()) return fail(console, kFailure, "the log has no segment: there is nothing to prune");
  const auto kept = first_kept(*segments, options);
  if (!kept) return fail(console, kUsage, kept.error().message);
  if (*kept == 0) {
    return fail(console, kFailure,
                segments->size() < 2
                    ? "the log has one segment, which is still written to: nothing can be pruned yet"
                    : "no whole segment ends before that: the second one begins with entry " +
                          std::to_string((*segments)[1].first_index) +
                          ", and whole segments are pruned alone");
  }
  const auto oldest = first_of(options.directory, segments->front().first_index);
  if (!oldest) return fail(console, kFailure, oldest.error().message);
  const auto begins = first_of(options.directory, (*segments)[*kept].first_index);
  if (!begins) return fail(console, kFailure, begins.error().message);
  order.origin = oldest->origin;
  order.first = (*segments)[*kept].first_index;
  const auto made = checked(order);
  if (!made) return fail(console, kUsage, made.error().message);
  const int done = write_order(*made, options.out, nullptr, console);
  if (done == kSuccess) {
    console.out << "It reaches " << *kept << (*kept == 1 ? " segment" : " segments") << ", recorded from "
                << audit::time_text(oldest->micros) << " to " << audit::time_text(begins->micros) << "\n";
  }
  return done;
}

}  // namespace

std::string in_words(const audit::SignedOrder& order) {
  const Order& said = order.order;
  std::string out = "order " + order.hash + "\n  log:      " + audit::on_one_line(said.origin) + "\n";
  if (said.action == OrderAction::release) {
    out += "  releases: the order " + said.hold + "\n";
  } else if (said.action == OrderAction::prune) {
    out += "  prunes:   the entries before " + std::to_string(said.first) +
           ", whole: nothing of them can be read or proven from this log any more\n";
  } else {
    out += std::string(said.action == OrderAction::erase ? "  erases:   " : "  holds:    ") + "the texts (" +
           audit::to_text(said.classes) + ") of the records\n            " +
           audit::to_text(std::span(said.records)) + "\n";
  }
  out += "  basis:    " + audit::on_one_line(said.basis) + "\n";
  if (!said.ticket.empty()) out += "  ticket:   " + audit::on_one_line(said.ticket) + "\n";
  out += "  made:     " + audit::time_text(static_cast<std::int64_t>(said.micros)) + "\n";
  for (const auto& signature : order.signatures)
    out += "  signed:   " + audit::on_one_line(signature.name) + "\n";
  return out;
}

int make_order(const MakeOrderOptions& options, Console& console) {
  Order order;
  order.action = options.action;
  order.basis = options.basis;
  order.ticket = options.ticket;
  order.micros = static_cast<std::uint64_t>(now_micros());
  if (options.action == OrderAction::release) return make_release(std::move(order), options, console);
  if (options.action == OrderAction::prune) return make_prune(std::move(order), options, console);
  const auto query = query_of(options);
  if (!query) return fail(console, kUsage, query.error().message);
  const auto found = reach(options.directory, *query);
  if (!found) return fail(console, kFailure, found.error().message);
  order.origin = found->origin;
  order.classes = query->classes;
  order.records = ranges_of(*query, *found);
  if (const auto why = objection(*found, order.records)) return fail(console, kFailure, *why);
  const auto made = checked(order);
  if (!made) return fail(console, kUsage, made.error().message);
  return write_order(*made, options.out, &*found, console);
}

int sign_order(const SignOrderOptions& options, Console& console) {
  const auto bytes = audit::read_whole(options.order, audit::kMaxOrderBytes);
  if (!bytes) return fail(console, kFailure, bytes.error().message);
  const auto order = audit::read_order(*bytes, audit::Unsigned::take);
  if (!order) return fail(console, kFailure, "\"" + options.order.string() + "\": " + order.error().message);
  console.out << in_words(*order) << std::flush;
  const auto key = audit::read_key_file(options.key);
  if (!key) return fail(console, kFailure, key.error().message);
  const auto own = audit::read_vkey(audit::vkey_text(key->name, key->key.public_key()));
  if (!own) return fail(console, kFailure, own.error().message);
  if (audit::is_signed(order->text, order->signatures, *own) != audit::Signed::unknown)
    return fail(console, kFailure, key->name + " has signed it already: it needs another person's signature");
  if (order->signatures.size() == audit::kMostSignatures)
    return fail(console, kFailure, "it has 16 signatures already, and can have no more");
  const auto line = audit::signature_line(*key, order->text);
  if (!line) return fail(console, kFailure, line.error().message);
  const base::Descriptor file(::open(options.order.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file.is_open()) return fail(console, kFailure, cannot_write(options.order, errno));
  if (const int error = base::write_and_sync(file, *line); error != 0) {
    static_cast<void>(::ftruncate(file.get(), static_cast<off_t>(bytes->size())));
    return fail(console, kFailure, cannot_write(options.order, error));
  }
  console.out << "  signed:   " << key->name << ", now\n";
  return kSuccess;
}

}  // namespace portcullis::app
