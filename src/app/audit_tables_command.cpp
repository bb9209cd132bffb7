// `portcullis audit report NAME`: reads, and prints tables and on what they rest.
#include <nlohmann/json.hpp>

#include "app/audit_command.hpp"
#include "app/audit_evidence.hpp"
#include "app/audit_reports.hpp"
#include "app/exit_code.hpp"
#include "app/progress.hpp"
#include "app/text_table.hpp"

namespace portcullis::app {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kDay = 86'400'000'000;

std::string in_json(std::string name) {
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

Json to_json(const ReportTable& table) {
  Json rows = Json::array();
  for (const auto& cells : table.rows) {
    Json row = Json::object();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      Json& value = row[in_json(table.columns[i])];
      if (cells[i].is_number) {
        value = std::stoull(cells[i].text);
      } else {
        value = cells[i].text;
      }
    }
    rows.push_back(std::move(row));
  }
  return {{"rows", std::move(rows)}, {"more", table.more}};
}

std::string to_text(const ReportTable& table) {
  std::string text = table.name + (table.rows.empty() ? ": none\n" : ":\n");
  if (!table.rows.empty()) {
    std::vector<std::vector<std::string>> rows{table.columns};
    for (const auto& cells : table.rows) {
      auto& row = rows.emplace_back();
      for (const Cell& cell : cells) row.push_back(audit::on_one_line(cell.text, 100));
    }
    text += to_table(rows);
  }
  if (table.more > 0)
    text += "  and " + std::to_string(table.more) +
            " more: --rows lists more of them, portcullis audit export writes all statements\n";
  return text;
}

base::Result<void> check(const ReportKind& kind, const audit::EntryFilter& filter) {
  const auto missing = [&](const std::string& what) {
    return base::Error{base::sqlstate::invalid_parameter_value,
                       "the report " + std::string(kind.name) + " needs to know of " + what};
  };
  if (kind.needs_table && filter.table.empty()) return missing("what: give --table or --column");
  const bool has_subject = !filter.agent.empty() || !filter.owner.empty() || !filter.login.empty() ||
                           !filter.trace.empty() || filter.session;
  if (kind.needs_subject && !has_subject)
    return missing("whom: give --agent, --owner, --login, --session or --trace");
  return {};
}

// A day before the log's last entry.
base::Result<std::int64_t> last_day(const std::filesystem::path& directory) {
  std::int64_t last = 0;
  const auto log = audit::LogSearch::open(directory);
  if (!log) return log.error();
  const auto index = log->last_index();
  if (!index) return index.error();
  if (!*index) return std::int64_t{0};
  const auto line = log->line_of(**index);
  if (!line) return line.error();
  audit::EntryReader entry;
  if (*line && !entry.read(**line)) last = entry.micros();
  return last - kDay;
}

// Reads what the report is about; what of it matched stands in the evidence.
base::Result<audit::ReadFacts> read(const std::filesystem::path& directory, const ReportKind& kind,
                                    const audit::ReadOptions& options, AuditReport& report,
                                    EvidenceBuilder& evidence) {
  std::uint64_t matched = 0;
  const audit::OnEntry on_entry = [&](const audit::EntryReader& entry, const audit::SessionFacts* who) {
    if (report.take(entry, who)) {
      evidence.add(audit::leaf_hash(entry.line()));
      ++matched;
    }
    return true;
  };
  const auto on_statement = [&](const audit::Statement& statement) {
    if (report.take(statement)) {
      evidence.add(statement);
      ++matched;
    }
    return true;
  };
  auto facts = kind.reads == ReportKind::Reads::entries
                   ? audit::read_entries(directory, options, on_entry)
                   : audit::read_statements(directory, options, on_statement, on_entry);
  if (facts) facts->matched = matched;
  return facts;
}

void print(const AuditReport& report, const ReportKind& kind, const Evidence& evidence, bool json,
           std::ostream& out) {
  if (json) {
    Json value{{"report", std::string(kind.name)},
               {"remarks", report.remarks()},
               {"evidence", Json::parse(to_json_text(evidence))}};
    for (const auto& table : report.tables()) value["tables"][in_json(table.name)] = to_json(table);
    out << value.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
    return;
  }
  for (const auto& table : report.tables()) out << to_text(table) << "\n";
  for (const auto& remark : report.remarks()) out << "note: " << printable(remark) << "\n";
  out << to_text(evidence);
}

}  // namespace

int report_audit(const ReportOptions& options, Console& console) {
  const ReportKind* const kind = report_kind(options.name);
  if (kind == nullptr)
    return fail(console, kUsage,
                {base::sqlstate::invalid_parameter_value, "there is no report \"" + options.name + "\""});
  auto asked = to_read_options(options.filter);
  if (!asked) return fail(console, kUsage, asked.error());
  if (const auto checked = check(*kind, asked->filter); !checked)
    return fail(console, kUsage, checked.error());
  if (kind->last_day && !asked->filter.since) {
    const auto day = last_day(options.directory);
    if (!day) return fail(console, kFailure, day.error());
    asked->filter.since = *day;
  }
  const auto report = kind->make({asked->filter, asked->filter.since.value_or(0), options.rows});
  audit::ReadOptions reading = *asked;
  if (kind->looks_back) {
    reading.filter.since.reset();
    reading.filter.from = 0;
  }
  reading.texts = true;
  EvidenceBuilder evidence;
  const auto facts = [&] {
    Progress progress(console, "reading");
    reading.progress = [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); };
    return read(options.directory, *kind, reading, *report, evidence);
  }();
  if (!facts) return fail(console, kFailure, facts.error());
  const auto rests_on = evidence.finish(
      options.directory, canonical_query("report " + options.name, *asked, facts->as_of), *facts);
  if (!rests_on) return fail(console, kFailure, rests_on.error());
  print(*report, *kind, *rests_on, options.json, console.out);
  return kSuccess;
}

}  // namespace portcullis::app
