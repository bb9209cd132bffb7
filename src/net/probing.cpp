#include "net/probing.hpp"

#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "net/agent_questions.hpp"
#include "net/shadow_connection.hpp"
#include "shadow/quote.hpp"

namespace portcullis::net {

using base::Result;
using shadow::Probe;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

using Answer = Probe::Answer;

constexpr std::string_view kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; ";

// The session's own settings are of no account.
std::string opening(const ProbeOptions& options) {
  std::string sql = std::string(kBegin) +
                    "SET LOCAL search_path TO pg_catalog, pg_temp; "
                    "SET LOCAL \"DateStyle\" TO 'ISO'; SET LOCAL \"IntervalStyle\" TO 'postgres'; " +
                    guards_of(options);
  if (!options.time_zone.empty())
    sql += "SET LOCAL \"TimeZone\" TO " + shadow::literal(options.time_zone) + "; ";
  return sql;
}

using Names = std::vector<std::pair<std::string, std::string>>;

std::string values_of(const Names& tables) {
  std::string names;
  for (const auto& [schema, table] : tables)
    names += (names.empty() ? "(" : ", (") + shadow::literal(schema) + ", " + shadow::literal(table) + ")";
  return "(VALUES " + names + ") AS w(schema, name)";
}

// Of the tables in it: whether all are there, the pages of the largest, and whether rows are hidden.
std::string looking(const Names& tables) {
  return "SELECT count(c.oid) = count(*), coalesce(max(c.relpages), 0), "
         "coalesce(bool_or(row_security_active(c.oid)), true) "
         "FROM " +
         values_of(tables) +
         " LEFT JOIN pg_namespace n ON n.nspname = w.schema "
         "LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name "
         "AND c.relkind IN ('r', 'p', 'm'); ";
}

// Whose transaction that is is found by its own lock on its number, also behind a pooler: how many there are,
// and how many locks of writers it has on the tables.
std::string looking_for_writes(const Names& tables, std::uint64_t transaction) {
  constexpr std::uint64_t kEpoch = std::uint64_t{1} << 32;
  return "SELECT count(DISTINCT o.virtualtransaction), count(l.relation) FROM pg_locks o LEFT JOIN pg_locks "
         "l "
         "ON l.virtualtransaction = o.virtualtransaction AND l.pid = o.pid AND l.locktype = 'relation' "
         "AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'SIReadLock') AND l.relation IN (SELECT "
         "c.oid FROM " +
         values_of(tables) +
         " JOIN pg_namespace n ON n.nspname = w.schema "
         "JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name) "
         "WHERE o.locktype = 'transactionid' AND o.mode = 'ExclusiveLock' AND o.granted AND o.transactionid "
         "= " +
         shadow::literal(std::to_string(transaction % kEpoch)) + "::xid";
}

class Asker {
 public:
  explicit Asker(const ProbeOptions& options)
      : options_(options), until_(steady_clock::now() + options.most_time) {}

  void ask(Probe& probe) {
    probe.answer = Answer::unknown;
    if (probe.sql.empty()) return;
    if (steady_clock::now() >= until_) return be_unknown(probe, "there was no time left for it");
    if (!connect()) return be_unknown(probe, "nobody could log in as the agent's role to ask");
    const auto began = steady_clock::now();
    auto why = hindered(probe.reads, options_.most_pages);
    if (why.empty()) {
      ask_rows(probe);
    } else {
      be_unknown(probe, std::move(why));
    }
    probe.took = since(began);
  }

  shadow::RowCount count(const RowAsk& ask) {
    if (!connect()) return unknown("nobody could log in as the agent's role to ask");
    const auto began = steady_clock::now();
    auto why = hindered(ask.question.reads, std::numeric_limits<std::uint64_t>::max());
    if (why.empty()) why = written_by(ask);
    auto counted = why.empty() ? count_rows(ask) : unknown(std::move(why));
    counted.took = since(began);
    return counted;
  }

 private:
  static void be_unknown(Probe& probe, std::string why) {
    probe.answer = Answer::unknown;
    probe.why = std::move(why);
  }

  static shadow::RowCount unknown(std::string why) {
    shadow::RowCount count;
    count.why = std::move(why);
    return count;
  }
  static std::chrono::microseconds since(steady_clock::time_point began) {
    return std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began);
  }

  bool connect() {
    if (connection_) return true;
    auto opened = ShadowConnection::open(options_.production, options_.login, ServerConnection::to_look());
    if (opened) {
      connection_ = std::move(*opened);
      return true;
    }
    until_ = steady_clock::now();  // nor for the next one
    return false;
  }

  Result<std::vector<shadow::Row>> question(const std::string& sql) {
    auto rows = connection_->ask(opening(options_) + sql + "; ROLLBACK", options_.statement_timeout + kGrace);
    if (!rows) connection_.reset();
    return rows;
  }

  // Why the tables may not be asked; empty: they may.
  std::string hindered(const Names& tables, std::uint64_t most_pages) {
    if (tables.empty()) return {};
    const auto rows = question(looking(tables));
    std::uint64_t pages = 0;
    if (!rows) return rows.error().message;
    if (rows->size() != 1 || rows->front().size() != 3 || !shadow::read_number(rows->front(), 1, pages))
      return "the database answered the question for its tables with other columns";
    if (rows->front()[0] != "t") return "a table of it is not there any more";
    if (rows->front()[2] != "f") return "row security may hide rows from the role";
    if (pages > most_pages)
      return "the table is too large to be read for it: " + std::to_string(pages) + " pages";
    return {};
  }

  // Nobody else sees what the session's own transaction has written.
  std::string written_by(const RowAsk& ask) {
    if (ask.transaction.empty() || ask.question.reads.empty()) return {};
    std::uint64_t number = 0, owners = 0, locks = 0;
    if (!shadow::read_number({ask.transaction}, 0, number)) return "the session's transaction has no number";
    const auto rows = question(looking_for_writes(ask.question.reads, number));
    if (!rows) return rows.error().message;
    if (rows->size() != 1 || !shadow::read_number(rows->front(), 0, owners) ||
        !shadow::read_number(rows->front(), 1, locks) || owners != 1)
      return "what its transaction has written cannot be seen (COMMIT first)";
    return locks == 0 ? std::string() : "its transaction has written to these tables before (COMMIT first)";
  }

  shadow::RowCount count_rows(const RowAsk& ask) {
    const auto most = options_.statement_timeout + kGrace;
    auto rows = connection_->ask(std::string(kBegin) + settings_of_session(options_, ask.settings), most);
    if (rows) {
      const auto parameters = shadow::parameters_for(ask.question.sql, ask.parameters);
      rows = connection_->ask(shadow::counting(ask.question), parameters, most);
    }
    std::uint64_t number = 0;
    if (!rows) {
      connection_.reset();
      return unknown(in_plain_words(rows.error()));
    }
    if (!connection_->ask("ROLLBACK", most)) connection_.reset();
    if (rows->size() != 1 || !shadow::read_number(rows->front(), 0, number))
      return unknown("the database answered with other than a number");
    return shadow::counted(ask.question, number, shadow::RowCount::Basis::probed);
  }

  static bool is_of_data(const base::Error& error) { return error.code.view().starts_with("22"); }
  void ask_rows(Probe& probe) {
    const auto rows = question(probe.sql);
    if (rows) {
      probe.answer = rows->empty() ? Answer::passes : Answer::violates;
      return;
    }
    const auto& error = rows.error();
    be_unknown(probe, in_plain_words(error));
    if (!probe.is_computed || !is_of_data(error)) return;
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

shadow::RowCount count_rows(const ProbeOptions& options, const RowAsk& ask) {
  const auto& question = ask.question;
  if (question.known) return shadow::counted(question, *question.known, shadow::RowCount::Basis::written);
  if (question.sql.empty()) {
    shadow::RowCount count;
    count.why = question.why;
    return count;
  }
  return Asker(options).count(ask);
}

}  // namespace portcullis::net
