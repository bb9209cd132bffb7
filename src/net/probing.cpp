#include "net/probing.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "net/shadow_connection.hpp"
#include "shadow/quote.hpp"

namespace portcullis::net {

using base::Result;
using shadow::Probe;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

using Answer = Probe::Answer;

// What the network may add to a timeout before the server counts as lost.
constexpr milliseconds kGrace{5'000};

std::string in_milliseconds(milliseconds time) {
  return shadow::literal(std::to_string(time.count()) + "ms");
}

// The session's own settings are of no account.
std::string opening(const ProbeOptions& options) {
  std::string sql =
      "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL search_path TO pg_catalog, pg_temp; "
      "SET LOCAL row_security TO on; SET LOCAL max_parallel_workers_per_gather TO 0; "
      "SET LOCAL \"DateStyle\" TO 'ISO'; SET LOCAL \"IntervalStyle\" TO 'postgres'; "
      "SET LOCAL idle_in_transaction_session_timeout TO " +
      in_milliseconds(kGrace) + "; SET LOCAL lock_timeout TO " + in_milliseconds(options.lock_timeout) +
      "; SET LOCAL statement_timeout TO " + in_milliseconds(options.statement_timeout) + "; ";
  if (!options.time_zone.empty())
    sql += "SET LOCAL \"TimeZone\" TO " + shadow::literal(options.time_zone) + "; ";
  return sql;
}

// Of the tables in it: whether all are there, the pages of the largest, and whether rows are hidden.
std::string looking(const Probe& probe) {
  std::string names;
  for (const auto& [schema, table] : probe.reads)
    names += (names.empty() ? "(" : ", (") + shadow::literal(schema) + ", " + shadow::literal(table) + ")";
  return "SELECT count(c.oid) = count(*), coalesce(max(c.relpages), 0), "
         "coalesce(bool_or(row_security_active(c.oid)), true) "
         "FROM (VALUES " +
         names +
         ") AS w(schema, name) LEFT JOIN pg_namespace n ON n.nspname = w.schema "
         "LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name "
         "AND c.relkind IN ('r', 'p', 'm'); ";
}

class Asker {
 public:
  explicit Asker(const ProbeOptions& options)
      : options_(options), until_(steady_clock::now() + options.most_time) {}

  void ask(Probe& probe) {
    probe.answer = Answer::unknown;
    if (probe.sql.empty()) return;
    if (steady_clock::now() >= until_) return be_unknown(probe, "there was no time left for it");
    if (!connect(probe)) return;
    const auto began = steady_clock::now();
    if (may_be_asked(probe)) ask_rows(probe);
    probe.took = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began);
  }

 private:
  static void be_unknown(Probe& probe, std::string why) {
    probe.answer = Answer::unknown;
    probe.why = std::move(why);
  }

  bool connect(Probe& probe) {
    if (connection_) return true;
    auto opened = ShadowConnection::open(options_.production, options_.login, ServerConnection::to_look());
    if (opened) {
      connection_ = std::move(*opened);
      return true;
    }
    until_ = steady_clock::now();  // nor for the next one
    be_unknown(probe, "nobody could log in as the agent's role to ask");
    return false;
  }

  Result<std::vector<shadow::Row>> question(const std::string& sql) {
    auto rows = connection_->ask(opening(options_) + sql + "; ROLLBACK", options_.statement_timeout + kGrace);
    if (!rows) connection_.reset();
    return rows;
  }

  bool may_be_asked(Probe& probe) {
    const auto rows = question(looking(probe));
    std::uint64_t pages = 0;
    if (!rows) {
      be_unknown(probe, rows.error().message);
    } else if (rows->size() != 1 || rows->front().size() != 3 ||
               !shadow::read_number(rows->front(), 1, pages)) {
      be_unknown(probe, "the database answered the question for its tables with other columns");
    } else if (rows->front()[0] != "t") {
      be_unknown(probe, "a table of it is not there any more");
    } else if (rows->front()[2] != "f") {
      be_unknown(probe, "row security may hide rows from the role");
    } else if (pages > options_.most_pages) {
      be_unknown(probe, "the table is too large to be read for it: " + std::to_string(pages) + " pages");
    } else {
      return true;
    }
    return false;
  }

  void ask_rows(Probe& probe) {
    const auto rows = question(probe.sql);
    if (rows) {
      probe.answer = rows->empty() ? Answer::passes : Answer::violates;
      return;
    }
    // The message of a data exception holds the data, which are for those who may read them.
    const auto& error = rows.error();
    const bool quotes_data = error.code.view().starts_with("22");
    be_unknown(probe,
               quotes_data ? "a value gives SQLSTATE " + std::string(error.code.view()) : error.message);
    if (!probe.is_computed || !error.code.view().starts_with("22")) return;
    probe.answer = Answer::violates;
    probe.violated = error.code;
  }

  const ProbeOptions& options_;
  steady_clock::time_point until_;
  std::unique_ptr<ShadowConnection> connection_;
};

}  // namespace

void answer(const ProbeOptions& options, std::vector<Probe>& probes) {
  Asker asker(options);
  for (auto& probe : probes) asker.ask(probe);
}

}  // namespace portcullis::net
