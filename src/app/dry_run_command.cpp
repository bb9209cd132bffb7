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
  const auto tried_out = try_out(*loaded.config, role->second.user, options.statements);
  if (!tried_out) return complain(console, tried_out.error());
  console.out << (options.format == Format::json ? to_json(*tried_out, role->second.user)
                                                 : to_text(*tried_out, role->second.user));
  const bool all_run =
      std::none_of(tried_out->attempts.begin(), tried_out->attempts.end(),
                   [](const auto& attempt) { return attempt.not_tried || attempt.facts.failure; });
  return all_run ? kSuccess : kFailure;
}

}  // namespace portcullis::app
