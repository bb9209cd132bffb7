#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "app/opened_entry.hpp"
#include "app/text_table.hpp"

namespace portcullis::app {

int show_audit(const ShowOptions& options, Console& console) {
  auto read = to_read_options(options.filter);
  if (!read) return fail(console, kUsage, read.error());
  if (options.filter.record.empty()) {
    read->filter.from = options.from;
    read->filter.to = options.to;
  }
  const auto line_of = [&](const audit::EntryReader& entry, audit::Unsealer* keys) {
    if (!options.json) return audit::describe(entry, keys);
    return keys == nullptr ? std::string{entry.line()} : opened_line(entry, *keys);
  };
  const auto pass = [&](audit::Unsealer* keys, std::optional<std::uint64_t> as_of, bool prints) {
    read->as_of = as_of;
    return audit::read_entries(options.directory, *read,
                               [&](const audit::EntryReader& entry, const audit::SessionFacts*) {
                                 const std::string line = line_of(entry, keys);
                                 if (prints) console.out << line << '\n';
                                 return console.out.good();  // whoever reads may have had enough
                               });
  };
  const auto shown = read_recorded(options.open, options.directory, read->as_of, pass);
  return shown ? kSuccess : fail(console, kFailure, shown.error());
}

int fail(Console& console, int code, const base::Error& error) {
  console.err << "portcullis: " << printable(error.message) << "\n";
  return code;
}

}  // namespace portcullis::app
