#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "app/text_table.hpp"
#include "audit/read.hpp"

namespace portcullis::app {

int show_audit(const ShowOptions& options, Console& console) {
  auto read = to_read_options(options.filter);
  if (!read) return fail(console, kUsage, read.error());
  if (options.filter.record.empty()) {
    read->filter.from = options.from;
    read->filter.to = options.to;
  }
  const auto shown = audit::read_entries(
      options.directory, *read, [&](const audit::EntryReader& entry, const audit::SessionFacts*) {
        console.out << (options.json ? std::string{entry.line()} : audit::describe(entry)) << '\n';
        return console.out.good();  // whoever reads may have had enough
      });
  return shown ? kSuccess : fail(console, kFailure, shown.error());
}

int fail(Console& console, int code, const base::Error& error) {
  console.err << "portcullis: " << printable(error.message) << "\n";
  return code;
}

}  // namespace portcullis::app
