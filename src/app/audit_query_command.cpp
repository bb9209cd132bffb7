#include "app/audit_command.hpp"
#include "app/audit_evidence.hpp"
#include "app/exit_code.hpp"
#include "app/progress.hpp"
#include "app/statement_output.hpp"
#include "app/text_table.hpp"

namespace portcullis::app {
namespace {

// Columns are as wide as so many rows need: a table of any length in little memory.
constexpr std::size_t kRowsAtOnce = 500;

// Rows, one behind the other.
class Rows {
 public:
  Rows(Console& console, bool json) : console_(console), json_(json) {}

  bool add(const audit::Statement& statement) {
    if (json_) {
      console_.out << to_json_line(statement) << '\n';
    } else {
      if (rows_.empty()) rows_.push_back(table_columns());
      rows_.push_back(table_cells(statement));
      if (rows_.size() > kRowsAtOnce) flush();
    }
    return console_.out.good();  // whoever reads may have had enough
  }
  void flush() {
    if (!rows_.empty()) console_.out << to_table(rows_);
    rows_.clear();
  }

 private:
  Console& console_;
  const bool json_;
  std::vector<std::vector<std::string>> rows_;
};

// What a row is made of, so that it is counted.
bool touch(const audit::Statement& statement) {
  (void)statement.full_text();
  return true;
}

}  // namespace

int query_audit(const QueryOptions& options, Console& console) {
  auto read = to_read_options(options.filter);
  if (!read) return fail(console, kUsage, read.error());
  read->texts = true;
  Rows rows(console, options.json);
  EvidenceBuilder evidence;
  const auto pass = [&](audit::Unsealer* keys, std::optional<std::uint64_t> as_of, bool prints) {
    read->keys = keys;
    read->as_of = as_of;
    Progress progress(console, "reading");
    read->progress = [&](std::uint64_t done, std::uint64_t total) {
      if (!prints || !console.out_is_terminal) progress.show(done, total);
    };
    return audit::read_statements(options.directory, *read, [&](const audit::Statement& statement) {
      if (!prints) return touch(statement);
      evidence.add(statement);
      return rows.add(statement);
    });
  };
  const auto facts = read_recorded(options.open, options.directory, read->as_of, pass);
  rows.flush();
  if (!facts) return fail(console, kFailure, facts.error());
  const auto rests_on =
      evidence.finish(options.directory, canonical_query("query", *read, facts->as_of), *facts);
  if (!rests_on) return fail(console, kFailure, rests_on.error());
  if (options.json) {
    console.out << "{\"evidence\":" << to_json_text(*rests_on) << "}\n";
  } else {
    console.out << to_text(*rests_on);
  }
  return kSuccess;
}

}  // namespace portcullis::app
