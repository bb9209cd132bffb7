#include "app/dry_run_command.hpp"

#include <algorithm>

#include "app/config_load.hpp"
#include "app/exit_code.hpp"
#include "app/text_table.hpp"

namespace portcullis::app {
namespace {

int complain(Console& console, const base::Error& error) {
  console.err << "portcullis: not tried out: " << printable(error.message) << "\n";
  return kFailure;
}

bool would_run(const shadow::StatementReport& statement) {
  return !statement.not_tried &&
         outlook_of(statement.facts, statement.probes).outcome == shadow::Outlook::Outcome::runs;
}

}  // namespace

int dry_run(const DryRunOptions& options, Console& console, const TryOut& try_out) {
  const auto loaded = load_config(options.config);
  if (!loaded.config) {
    console.err << to_text(loaded.problems);
    return kConfiguration;
  }
  const auto role = loaded.config->upstream.roles.find(options.agent);
  if (role == loaded.config->upstream.roles.end()) {
    console.err << "portcullis: upstream.roles names no role for the agent \"" << printable(options.agent)
                << "\": add it, or try another agent\n";
    return kConfiguration;
  }
  if (console.err_is_terminal) console.err << "making a copy of the schema ...\n";
  const auto tried_out = try_out(*loaded.config, role->second.user, options);
  if (!tried_out) return complain(console, tried_out.error());
  const auto& statements = tried_out->report.statements;
  console.out << (options.format == Format::json ? shadow::to_json_lines(tried_out->report)
                                                 : to_text(*tried_out, console.out_is_terminal));
  const bool all_run = std::all_of(statements.begin(), statements.end(), would_run);
  return all_run ? kSuccess : kFailure;
}

}  // namespace portcullis::app
