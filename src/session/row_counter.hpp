// How many rows a statement has changed, from the server's own counters of what its transaction did.
//
// The counters of a backend outlive a transaction by up to a second, so each count is the difference to a
// base taken just before. What the base does not know counts in full: that can refuse too much, never let
// through. Every name and operator in the queries is qualified, for the client's search_path may lead
// elsewhere.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"
#include "session/own_round.hpp"

namespace portcullis::session {

// Inserted, updated and deleted, with what triggers, cascades and functions did.
struct RowsTouched {
  std::uint64_t total = 0;
  struct Table {
    std::string name;  // "app.orders"
    std::uint64_t rows = 0;
  };
  std::vector<Table> tables;  // those that have any, the most first
};

// One for a session.
class RowCounter {
 public:
  // The query for the base: of the tables that this session is known to have changed, or of all where it may
  // have changed others.
  [[nodiscard]] std::string base_query() const;
  [[nodiscard]] base::Result<void> take_base(const std::vector<OwnRound::Row>& rows);

  // The query behind the statement.
  [[nodiscard]] static std::string_view report_query() noexcept;
  // The difference to the base; the error says why there is none.
  [[nodiscard]] base::Result<RowsTouched> take_report(const std::vector<OwnRound::Row>& rows);

  // Something changed rows, or began to, and nobody knows in which tables.
  void forget() noexcept { knows_all_ = false; }

  static constexpr std::size_t kMostTables = 2'000;

 private:
  using Oid = std::uint32_t;
  std::map<Oid, std::uint64_t> base_;
  std::set<Oid> changed_;  // tables of this session
  bool knows_all_ = true;  // no other table has counts
};

// "121 rows in 4 tables (app.t: 110, app.u: 7, app.v: 3, ...)".
[[nodiscard]] std::string to_text(const RowsTouched& touched);
// By table, for the record: "app.t: 110". Bounded in number and length.
[[nodiscard]] std::vector<std::string> to_record(const RowsTouched& touched);

}  // namespace portcullis::session
