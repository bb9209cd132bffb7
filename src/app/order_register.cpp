// `portcullis audit orders`.
#include <map>
#include <utility>

#include "app/exit_code.hpp"
#include "app/order_command.hpp"
#include "audit/order_rules.hpp"
#include "audit/read.hpp"

namespace portcullis::app {
namespace {

using audit::EntryReader;
using audit::OrderAction;

// One order, however often it stands in the log.
struct Row {
  audit::SignedOrder order;
  std::vector<std::string> signers;  // erasers at the time
  std::int64_t first = 0;            // its first entry's time
  std::uint64_t index = 0;           // and that entry
  std::uint64_t entries = 0;
  std::string refused;      // why it has no effect; empty: it has
  std::string released_by;  // of a hold
};

class Register {
 public:
  void see(const EntryReader& entry) {
    if (origin_.empty()) origin_ = entry.origin().substr(0, entry.origin().rfind('#'));
    const auto violation = rules_.see(entry, origin_);
    const bool is_order = entry.type() == audit::EntryType::erase || entry.type() == audit::EntryType::hold ||
                          entry.type() == audit::EntryType::prune;
    if (!is_order) return;
    if (entry.has("before")) return see_time(entry, violation);
    const auto read = audit::read_order(entry.text("order"));
    if (!read) return strays_.push_back("entry " + std::to_string(entry.index()) + " holds no order");
    see_order(entry, *read, violation);
  }

  void print(std::ostream& out) const {
    for (const auto& row : rows_) print(row, out);
    for (const auto& line : times_) out << line << "\n";
    for (const auto& line : strays_) out << line << ": run portcullis audit verify\n";
    if (rows_.empty() && times_.empty() && strays_.empty()) out << "there are no orders in this log\n";
  }

 private:
  void see_time(const EntryReader& entry, const std::optional<audit::OrderViolation>& violation) {
    if (violation)
      return strays_.push_back("entry " + std::to_string(entry.index()) +
                               " erases by time, against the rules");
    times_.push_back("by retention: the class " + audit::on_one_line(entry.text("class")) +
                     ", what was recorded before " + audit::time_text(entry.number("before").value_or(0)) +
                     "\n  entry:    " + std::to_string(entry.index()) + ", " +
                     audit::time_text(entry.micros()));
  }

  void see_order(const EntryReader& entry, const audit::SignedOrder& order,
                 const std::optional<audit::OrderViolation>& violation) {
    const auto known = by_hash_.find(order.hash);
    if (known != by_hash_.end() && violation)
      return strays_.push_back("entry " + std::to_string(entry.index()) + " holds the order " + order.hash +
                               " once more and has no effect");
    if (known != by_hash_.end() && rows_[known->second].refused.empty()) {
      Row& row = rows_[known->second];
      ++row.entries;
      row.released_by.clear();
    } else {
      by_hash_[order.hash] = rows_.size();
      rows_.push_back({order,
                       signers_of(order),
                       entry.micros(),
                       entry.index(),
                       1,
                       violation ? violation->message : std::string(),
                       {}});
    }
    const auto released = by_hash_.find(order.order.hold);
    if (!violation && order.order.action == OrderAction::release && released != by_hash_.end())
      rows_[released->second].released_by = order.hash;
  }

  [[nodiscard]] std::vector<std::string> signers_of(const audit::SignedOrder& order) const {
    std::vector<std::string> names;
    for (const auto& key : rules_.powers().erasers) {
      if (audit::is_signed(order.text, order.signatures, key) == audit::Signed::by_key)
        names.push_back(key.name);
    }
    return names;
  }

  [[nodiscard]] std::string state_of(const Row& row) const {
    if (!row.refused.empty()) return "without effect: " + row.refused;
    switch (row.order.order.action) {
      case OrderAction::erase:
        return "ordered; portcullis audit verify --sealing-keys says whether it is done";
      case OrderAction::release: return "done";
      case OrderAction::prune: return "ordered; portcullis audit verify says whether it is done";
      case OrderAction::hold: break;
    }
    if (rules_.holds().contains(row.order.hash)) return "in force";
    return row.released_by.empty() ? "released" : "released by " + row.released_by;
  }

  void print(const Row& row, std::ostream& out) const {
    audit::SignedOrder order = row.order;
    order.signatures.clear();  // what others claim is not said
    out << in_words(order) << "  signed:   ";
    for (std::size_t i = 0; i < row.signers.size(); ++i) out << (i == 0 ? "" : ", ") << row.signers[i];
    if (row.signers.empty()) out << "by no eraser";
    out << "\n  entry:    " << row.index << ", " << audit::time_text(row.first);
    if (row.entries > 1) out << ", and " << row.entries - 1 << " more";
    out << "\n  state:    " << audit::on_one_line(state_of(row)) << "\n";
  }

  audit::OrderRules rules_;
  std::string origin_;
  std::vector<Row> rows_;
  std::map<std::string, std::size_t> by_hash_;
  std::vector<std::string> times_, strays_;
};

}  // namespace

int list_orders(const std::filesystem::path& directory, Console& console) {
  Register orders;
  const auto read = audit::for_each_entry(directory, {}, [&](const EntryReader& entry) {
    orders.see(entry);
    return true;
  });
  orders.print(console.out);
  if (read) return kSuccess;
  console.err << "portcullis: " << audit::on_one_line(read.error().message) << "\n";
  return kFailure;
}

}  // namespace portcullis::app
