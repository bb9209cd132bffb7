// Orders to prune: first the entry, then a checkpoint that covers it, then the keys, then the files.
#include <algorithm>
#include <utility>

#include "audit/erasure.hpp"
#include "audit/prune_files.hpp"
#include "audit/read.hpp"

namespace portcullis::audit {
namespace {

base::Error refuse(const SignedOrder& order, const std::string& why) {
  return {.code = base::sqlstate::invalid_parameter_value,
          .message = "the order " + order.hash + " is refused: " + why};
}

}  // namespace

// Where a crash came behind the entry, only what is left is done.
base::Result<std::string> Erasure::prune(const SignedOrder& order, std::string_view bytes) {
  if (recorded_prune(order.hash) == nullptr) {
    if (const auto checked = check_prune(order, bytes); !checked) return checked.error();
    if (const auto repeated = repeat_config(order.order.first); !repeated) return repeated.error();
    at("entry");
    PruneRecord record{order.order.first, order.hash, std::string(bytes),
                       rules_.segments().at(order.order.first)};
    if (const auto written = host_.append(std::move(record)); !written) return written.error();
    at("entry durable");
    if (const auto caught_up = catch_up(); !caught_up) return caught_up.error();
  }
  const auto* recorded = recorded_prune(order.hash);
  if (recorded == nullptr)
    return base::Error{base::sqlstate::io_error, "the entry of the order " + order.hash +
                                                     " has no effect: run portcullis audit verify"};
  return remove_pruned(*recorded);
}

const OrderRules::Prune* Erasure::recorded_prune(const std::string& hash) const {
  const auto found = std::find_if(rules_.prunes().begin(), rules_.prunes().end(),
                                  [&hash](const auto& prune) { return prune.hash == hash; });
  return found == rules_.prunes().end() ? nullptr : &*found;
}

base::Result<void> Erasure::check_prune(const SignedOrder& order, std::string_view bytes) const {
  const std::uint64_t first = order.order.first;
  const auto segment = rules_.segments().find(first);
  const OrderEntry entry{EntryType::prune,
                         seen_,
                         micros(),
                         order.hash,
                         std::string(bytes),
                         {},
                         {},
                         first,
                         segment == rules_.segments().end() ? std::string() : segment->second};
  if (const auto violation = rules_.judge(entry, options_.origin)) return refuse(order, violation->message);
  const std::int64_t needed =
      micros() - std::chrono::duration_cast<std::chrono::microseconds>(options_.needed).count();
  std::int64_t begins = 0;
  EntryFilter filter;
  filter.from = filter.to = first;
  const auto read = for_each_entry(options_.directory, filter, [&begins](const EntryReader& one) {
    begins = one.micros();
    return false;
  });
  if (!read) return read.error();
  if (options_.needed.count() == 0 || begins <= needed) return {};
  return refuse(order,
                "the policy's limits still count what agents did in those entries: order only what was "
                "recorded before " +
                    time_text(needed) + " to be pruned");
}

// Whoever reads what is left has to know the erasers: where only what goes says who they are, it is said
// again.
base::Result<void> Erasure::repeat_config(std::uint64_t first) {
  for (auto newest = rules_.config_index(); newest && *newest < first; newest = rules_.config_index()) {
    std::string bytes;
    EntryFilter filter;
    filter.from = filter.to = *newest;
    const auto read = for_each_entry(options_.directory, filter, [&bytes](const EntryReader& entry) {
      bytes = entry.text("bytes");
      return false;
    });
    if (!read) return read.error();
    at("config");
    if (const auto written = host_.append(ConfigRecord{std::move(bytes)}); !written) return written.error();
    if (const auto caught_up = catch_up(); !caught_up) return caught_up.error();
  }
  return {};
}

// Nothing goes before the log's key has signed that it may: who can only write files prunes nothing.
base::Result<std::string> Erasure::remove_pruned(const OrderRules::Prune& pruned) {
  if (const auto covered = host_.wait_signed(pruned.index); !covered) return covered.error();
  at("signed");
  Order all;
  all.records = {{0, pruned.first - 1}};
  all.classes = SealClassSet::all();
  const auto reach = audit::reach_of(options_.directory, all);
  if (!reach) return reach.error();
  if (const auto left = leave_newest(*reach); !left) return left.error();
  if (const auto done = destroy(*reach, all.classes); !done) return done.error();
  const auto removed = remove_segments_before(options_.directory, pruned.first, options_.at_step);
  if (!removed) return removed.error();
  return "pruned: the entries before " + std::to_string(pruned.first) + ", " + std::to_string(*removed) +
         (*removed == 1 ? " segment" : " segments") + ", and the keys of their sealed texts";
}

}  // namespace portcullis::audit
