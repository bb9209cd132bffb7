#include "app/cli.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/audit_replay_command.hpp"
#include "app/check_command.hpp"
#include "app/cli_audit.hpp"
#include "app/cli_parts.hpp"
#include "app/exit_code.hpp"
#include "app/moment.hpp"
#include "app/policy_command.hpp"
#include "app/policy_diff.hpp"
#include "app/policy_explain.hpp"
#include "app/policy_learn.hpp"
#include "app/user_command.hpp"
#include "app/version.hpp"
#include "sql/analyze.hpp"

namespace portcullis::app {
namespace {

// What the options are read into. One command a process, so each has its own.
struct CommandLine {
  std::filesystem::path config;
  CheckOptions check;
  CatalogDumpOptions catalog_dump;
  DryRunOptions dry_run;
  std::string search_path = "public", format = "text", sql, reason, confidence;
  bool json = false;
  std::vector<std::filesystem::path> policies;
  std::optional<std::filesystem::path> test_catalog;
  ExplainOptions explain;
  DiffOptions diff;
  AuditLine audit;
  ReplayOptions replay;
  LearnOptions learn;
  UserOptions user;
};

// By hand, for CLI11 would let a list take the positional argument behind it.
std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

void add_catalog_option(CLI::App& command, std::optional<std::filesystem::path>& file,
                        const std::string& purpose) {
  command.add_option("--catalog", file, purpose)->type_name("FILE");
}

void add_format_option(CLI::App& command, std::string& format) {
  command.add_option("--format", format, "text or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
}

std::string is_reason(const std::string& text) {
  if (!sql::read_reason(text).empty()) return {};
  return "a reason says something in at most " + std::to_string(sql::kMostReasonBytes) + " bytes of UTF-8";
}

std::string is_confidence(const std::string& text) {
  return sql::read_confidence(text) ? "" : "a confidence is a number from 0 to 1, as in 0.85";
}

void add_serve(CLI::App& app, CommandLine& line) {
  CLI::App& command = add_command(app, "serve", "Run the gate until SIGTERM or SIGINT.",
                                  "portcullis serve --config /etc/portcullis/portcullis.json");
  command.add_option("--config", line.config, "The configuration file (docs/configuration.md)")
      ->required()
      ->type_name("FILE");
}

void add_check(CLI::App& app, CommandLine& line) {
  CLI::App& command = add_command(
      app, "check",
      "Say what the gate would answer to a statement, effect by effect.\n"
      "Exit code: 0 allow, 1 deny, 2 ask, 3 would_deny (mode \"monitor\": recorded and forwarded), 64 the\n"
      "policy or command line is wrong.",
      "portcullis check --policy policies/data-repair.json --agent repair-bot "
      "'DROP TABLE app.users'");
  command.add_option("--policy", line.check.policy, "The policy file")->required()->type_name("FILE");
  command.add_option("--agent", line.check.agent, "The agent's name in the policy")
      ->required()
      ->type_name("NAME");
  command.add_option("--search-path", line.search_path, "Schemas for names without one, parted by commas")
      ->capture_default_str()
      ->type_name("A,B");
  add_catalog_option(command, line.check.catalog,
                     "Resolve names and open views by this file, which `portcullis catalog dump` wrote;\n"
                     "without it a statement is judged by its names alone");
  command.add_option("--reason", line.reason, "What the agent says that it is for (portcullis.reason)")
      ->check(is_reason)
      ->type_name("TEXT");
  command
      .add_option("--confidence", line.confidence,
                  "How sure the agent says that it is (portcullis.confidence)")
      ->check(is_confidence)
      ->type_name("0..1");
  add_format_option(command, line.format);
  command.add_flag("--json", line.json, "The same as --format json");
  command.add_option("sql", line.sql, "The statement; standard input when left out")->type_name("SQL");
}

void add_catalog(CLI::App& app, CommandLine& line) {
  CLI::App& catalog = add_command(app, "catalog", "Work on a database's catalog as the gate sees it.",
                                  "portcullis catalog dump --config portcullis.json --output shop.catalog");
  catalog.require_subcommand(1);
  CLI::App& dump = add_command(
      catalog, "dump", "Write down names and dependencies, no rows, for `portcullis check --catalog`.",
      "portcullis catalog dump --config portcullis.json --output shop.catalog");
  dump.add_option("--config", line.catalog_dump.config,
                  "The gate's configuration file, for where the database is")
      ->required()
      ->type_name("FILE");
  dump.add_option("--output", line.catalog_dump.output, "The file to write; standard output when left out")
      ->type_name("FILE");
}

void add_dry_run(CLI::App& app, CommandLine& line) {
  CLI::App& command = add_command(
      app, "dry-run",
      "Run a statement on a copy of the database's structure, made beside this process and removed behind "
      "it,\n"
      "and say what it locks, writes anew, reads whole and changes. Production is asked for its catalog and\n"
      "dumped without rows; nothing of the statement reaches it.\n"
      "Exit code: 0 it would run, 1 it would fail or cannot be tried out, 78 the configuration is wrong.",
      "portcullis dry-run --config portcullis.json --agent repair-bot "
      "'ALTER TABLE app.orders ADD COLUMN note text'");
  command
      .add_option("--config", line.dry_run.config, "The gate's configuration file, for where the database is")
      ->required()
      ->type_name("FILE");
  command.add_option("--agent", line.dry_run.agent, "The agent whose database role it runs as")
      ->required()
      ->type_name("NAME");
  add_format_option(command, line.format);
  command
      .add_option(
          "--target-rows", line.dry_run.target_rows,
          "Try an UPDATE or DELETE out on so many of the database's own rows at most, which the agent's\n"
          "role reads, instead of on made-up ones (1 to 1000)")
      ->check(CLI::Range(1, 1'000))
      ->type_name("COUNT");
  command.add_flag("--json", line.json, "The same as --format json");
  command.add_option("sql", line.dry_run.statements, "The statement; of several each is tried out by itself")
      ->required()
      ->type_name("SQL");
}

void add_policy_test(CLI::App& policy, CommandLine& line) {
  CLI::App& test =
      add_command(policy, "test",
                  "Load each policy and run the tests that stand in it.\n"
                  "Exit code: 0 all passed, 1 something is wrong, 64 the catalog cannot be read.",
                  "portcullis policy test /etc/portcullis/policy.json");
  test.add_option("files", line.policies, "Policy files")->required()->type_name("FILE");
  add_catalog_option(test, line.test_catalog,
                     "Judge by this file, which `portcullis catalog dump` wrote; without it by names alone");
}

void add_policy_explain(CLI::App& policy, CommandLine& line) {
  CLI::App& explain =
      add_command(policy, "explain",
                  "Say what an agent may do: its rules by object, what is protected, functions, settings.\n"
                  "Exit code: 0, or 64 when the policy, the agent or the catalog is wrong.",
                  "portcullis policy explain policies/data-repair.json --agent repair-bot");
  explain.add_option("policy", line.explain.policy, "The policy file")->required()->type_name("FILE");
  explain.add_option("--agent", line.explain.agent, "The agent's name in the policy")
      ->required()
      ->type_name("NAME");
  add_catalog_option(explain, line.explain.catalog,
                     "Also say what may be done to each relation of this database, as `portcullis catalog "
                     "dump` wrote it down");
  add_format_option(explain, line.format);
}

void add_policy_diff(CLI::App& policy, CommandLine& line) {
  CLI::App& diff = add_command(
      policy, "diff",
      "Say what a new policy changes, and for whom: + comes, - goes.\n"
      "Exit code: 0 no difference, 1 they differ, 64 a policy or the catalog cannot be read.",
      "portcullis policy diff /etc/portcullis/policy.json new-policy.json --catalog shop.catalog");
  diff.add_option("old", line.diff.from, "The policy as it is")->required()->type_name("OLD");
  diff.add_option("new", line.diff.to, "The policy as it is to be")->required()->type_name("NEW");
  add_catalog_option(diff, line.diff.catalog,
                     "Also put every action on every relation of this database to both, as `portcullis "
                     "catalog dump` wrote it down");
}

std::string is_time(const std::string& text) {
  const auto moment = read_moment(text, now_micros());
  return moment ? "" : moment.error().message;
}

void add_time_option(CLI::App& command, const std::string& name, std::int64_t& micros,
                     const std::string& purpose) {
  command
      .add_option_function<std::string>(
          name, [&micros](const std::string& text) { micros = parse_moment(text, now_micros()).value_or(0); },
          purpose)
      ->check(is_time)
      ->type_name("TIME");
}

void add_window_options(CLI::App& command, replay::Window& window) {
  add_time_option(command, "--since", window.since,
                  std::string("Only decisions from this time on: ") + kMomentForms);
  add_time_option(command, "--until", window.until, "Only decisions before this time");
  command.add_option("--agent", window.agents, "Only this agent's. May be given several times")
      ->allow_extra_args(false)
      ->type_name("NAME");
}

void add_policy_learn(CLI::App& policy, CommandLine& line) {
  CLI::App& learn = add_command(
      policy, "learn",
      "Write the least policy that would have allowed what went through in a log, would_deny too, with the\n"
      "records that speak for each line and tests from its statements. It is judged against all of it before "
      "it\n"
      "is written. Read it before you use it: what was done need not have been meant.\n"
      "Exit code: 0 written, 1 no policy can allow all of it (which records, and why, is said) or the file\n"
      "cannot be made, 64 the log or the catalog cannot be read, or there is nothing to learn from.",
      "portcullis policy learn /var/lib/portcullis/audit --agent repair-bot --since 2026-11-15 --out "
      "learnt.json");
  learn.add_option("directory", line.learn.directory, "The log's folder")->required()->type_name("DIR");
  add_window_options(learn, line.learn.window);
  learn.add_option("--out", line.learn.out, "The file to make; standard output when left out")
      ->type_name("FILE");
  learn.add_option("--name", line.learn.name, "The policy's name")->capture_default_str()->type_name("NAME");
  learn.add_flag("--include-denied", line.learn.include_denied, "Allow also what was refused by rules");
  learn.add_flag("--partial", line.learn.partial, "Write it though no policy can allow some of it");
  add_catalog_option(
      learn, line.learn.catalog,
      "Keep only tests that hold by this database too, as `portcullis catalog dump` wrote it down");
}

void add_policy(CLI::App& app, CommandLine& line) {
  CLI::App& policy = add_command(app, "policy", "Test, explain, compare and learn policy files.",
                                 "portcullis policy test /etc/portcullis/policy.json");
  policy.require_subcommand(1);
  add_policy_test(policy, line);
  add_policy_explain(policy, line);
  add_policy_diff(policy, line);
  add_policy_learn(policy, line);
}

void add_audit_replay(CLI::App& audit, CommandLine& line) {
  CLI::App& replay = add_command(
      audit, "replay",
      "Judge the decisions of a log again by another policy, and say who would now be denied or allowed, "
      "and\n"
      "by which records. Judged is what was recorded of each; where that does not hold what the policy "
      "asks,\n"
      "it cannot be told, and why is said.\n"
      "Exit code: 0 nothing changes, 1 something does, 2 nothing does that can be told, and some cannot;\n"
      "64 the policy, the catalog or the log cannot be read.",
      "portcullis audit replay /var/lib/portcullis/audit --policy new-policy.json --since 2026-11-15");
  replay.add_option("directory", line.replay.directory, "The log's folder")->required()->type_name("DIR");
  replay.add_option("--policy", line.replay.policy, "The policy to judge by")->required()->type_name("FILE");
  add_catalog_option(replay, line.replay.catalog,
                     "Hold the policy against this database, as `portcullis catalog dump` wrote it down;\n"
                     "without it against what the records say of it");
  add_window_options(replay, line.replay.window);
  replay.add_flag("--json", line.replay.json, "One JSON object");
}

void add_user(CLI::App& app, CommandLine& line) {
  CLI::App& command =
      add_command(app, "user",
                  "Make the login of an agent. Its password is asked for on a terminal, else the "
                  "first line of\nstandard input; what is kept can verify it but does not hold it.",
                  "portcullis user agent_repair --file logins.conf");
  command.add_option("name", line.user.name, "The login")->required()->type_name("LOGIN");
  command
      .add_option("--file", line.user.file,
                  "Put it into this file, in place of an older one; printed when left out")
      ->type_name("FILE");
  command
      .add_option("--password-file", line.user.password_file, "Take the password from this file's first line")
      ->type_name("FILE");
}

Format format_of(const CommandLine& line) {
  return line.format == "json" ? Format::json : Format::text;
}

int run_policy(const CLI::App& command, CommandLine& line, Console& console) {
  if (command.got_subcommand("learn")) return learn_policy(line.learn, console);
  if (command.got_subcommand("diff")) return diff_policies(line.diff, console);
  if (command.got_subcommand("test")) return test_policies(line.policies, line.test_catalog, console);
  line.explain.format = format_of(line);
  return explain_policy(line.explain, console);
}

int run_check(CommandLine& line, bool has_sql, Console& console) {
  line.check.search_path = split(line.search_path);
  line.check.format = line.json ? Format::json : format_of(line);
  line.check.claims = {line.reason, sql::read_confidence(line.confidence), {}};
  if (has_sql) line.check.sql = line.sql;
  return check(line.check, console);
}

int run_dry_run(CommandLine& line, Console& console, const TryOut& try_out) {
  line.dry_run.format = line.json ? Format::json : format_of(line);
  return dry_run(line.dry_run, console, try_out);
}

int print_version(Console& console) {
  console.out << "portcullis " << version() << ", grammar of PostgreSQL " << sql::grammar_version() << "\n";
  return kSuccess;
}

int dispatch(const CLI::App& app, CommandLine& line, Console& console, const NetworkCommands& network) {
  const CLI::App& command = *app.get_subcommands().front();
  const std::string& name = command.get_name();
  if (name == "serve") return load_and_serve(line.config, console, network.serve);
  if (name == "check") return run_check(line, command.count("sql") > 0, console);
  if (name == "catalog") return dump_catalog(line.catalog_dump, console, network.dump_catalog);
  if (name == "dry-run") return run_dry_run(line, console, network.try_out);
  if (name == "policy") return run_policy(command, line, console);
  if (name == "user") return make_user(line.user, console);
  if (name == "version") return print_version(console);
  if (command.got_subcommand("replay")) return replay_audit(line.replay, console);
  return run_audit(command, line.audit, console);
}

// Help that was asked for is an answer; everything else is a mistake on the command line.
int explain(const CLI::App& app, const CLI::ParseError& error, Console& console) {
  if (error.get_exit_code() == 0) return app.exit(error, console.out, console.err);
  if (app.get_subcommands().empty() && app.remaining_size() > 0) {
    console.err << "There is no command \"" << app.remaining().front() << "\"\n"
                << "Run with --help for more information.\n";
  } else {
    (void)app.exit(error, console.out, console.err);
  }
  return kUsage;
}

}  // namespace

int run(int argc, const char* const* argv, Console& console, const NetworkCommands& network) {
  CommandLine line;
  CLI::App app("Portcullis: the policy gate between AI agents and PostgreSQL.", "portcullis");
  app.require_subcommand(1);
  add_serve(app, line);
  add_check(app, line);
  add_catalog(app, line);
  add_dry_run(app, line);
  add_policy(app, line);
  add_audit(app, line.audit);
  add_audit_replay(*app.get_subcommand("audit"), line);
  add_user(app, line);
  add_command(app, "version", "Print the version.", "portcullis version");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(app, error, console);
  }
  return dispatch(app, line, console, network);
}

}  // namespace portcullis::app
