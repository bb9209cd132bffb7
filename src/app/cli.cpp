#include "app/cli.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/audit_command.hpp"
#include "app/audit_replay_command.hpp"
#include "app/check_command.hpp"
#include "app/exit_code.hpp"
#include "app/policy_command.hpp"
#include "app/policy_diff.hpp"
#include "app/policy_explain.hpp"
#include "app/policy_learn.hpp"
#include "app/time_option.hpp"
#include "app/user_command.hpp"
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
  VerifyAuditOptions verify;
  ShowOptions show;
  DryRunReportOptions dry_run_report;
  KeygenOptions keygen;
  ProveOptions prove;
  CheckProofOptions check_proof;
  VerifyAuditOptions drill;
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

CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& purpose,
                      const std::string& example) {
  CLI::App& command = *parent.add_subcommand(name, purpose);
  command.footer("Example:\n  " + example);
  return command;
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

// Decimal digits alone: of "-1" CLI11 would make the largest number that there is.
std::string is_index(const std::string& text) {
  const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? "" : "an index is a number from 0, as in 4711";
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
  return read_time(text) ? "" : "a time is UTC, as in 2026-11-22 or 2026-11-22T10:30:00Z";
}

void add_time_option(CLI::App& command, const std::string& name, std::int64_t& micros,
                     const std::string& purpose) {
  command
      .add_option_function<std::string>(
          name, [&micros](const std::string& text) { micros = read_time(text).value_or(0); }, purpose)
      ->check(is_time)
      ->type_name("TIME");
}

void add_window_options(CLI::App& command, replay::Window& window) {
  add_time_option(command, "--since", window.since,
                  "Only decisions from this time on, UTC: 2026-11-22T10:30:00Z");
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

void add_audit_report(CLI::App& audit, CommandLine& line) {
  CLI::App& report =
      add_command(audit, "report", "Reckon over a log.", "portcullis audit report dry-runs audit/");
  report.require_subcommand(1);
  CLI::App& dry_runs =
      add_command(report, "dry-runs",
                  "How often what dry runs predicted came true: whether it ran, and how long it took.",
                  "portcullis audit report dry-runs /var/lib/portcullis/audit");
  dry_runs.add_option("directory", line.dry_run_report.directory, "The log's folder")
      ->required()
      ->type_name("DIR");
  dry_runs.add_flag("--json", line.dry_run_report.json, "One JSON object");
}

void add_audit_keygen(CLI::App& audit, CommandLine& line) {
  CLI::App& keygen = add_command(
      audit, "keygen",
      "Make the key pair that a log's checkpoints are signed with (Ed25519): FILE with the private key, "
      "mode\n"
      "0600, and FILE.pub with the public one, which is printed too. Neither is overwritten.\n"
      "The gate signs with it where the configuration names it in audit.key.\n"
      "Exit code: 0 made, 1 a file is there already or cannot be written, 64 no log can have this name.",
      "portcullis audit keygen --name gate.example.com/shop --out /etc/portcullis/log.key");
  keygen
      .add_option("--name", line.keygen.name,
                  "The log's name, audit.origin in the configuration: not empty, no spaces, no plus")
      ->required()
      ->type_name("ORIGIN");
  keygen.add_option("--out", line.keygen.file, "The file to make for the private key")
      ->required()
      ->type_name("FILE");
}

void add_audit_prove(CLI::App& audit, CommandLine& line) {
  CLI::App& prove = add_command(
      audit, "prove",
      "Write a proof that an entry is in the log, or that the log goes on from an older note of it, by the\n"
      "newest note in its folder. Whoever has the proof and the log's public key can check it without the "
      "log:\n"
      "portcullis audit check-proof. A proof of an entry holds the whole entry, texts and all.\n"
      "Exit code: 0 written, 1 there is none (the error says why) or it cannot be written.",
      "portcullis audit prove /var/lib/portcullis/audit 4711 --out 4711.tlog-proof\n"
      "  portcullis audit prove /var/lib/portcullis/audit --from monday.note --out since-monday.proof");
  prove.add_option("directory", line.prove.directory, "The log's folder")->required()->type_name("DIR");
  prove.add_option("index", line.prove.index, "The entry's index")->check(is_index)->type_name("INDEX");
  prove.add_option("--from", line.prove.old_note, "Instead of INDEX: the older note, which you kept")
      ->type_name("OLD_NOTE");
  prove.add_option("--out", line.prove.out, "The file to make; standard output when left out")
      ->type_name("FILE");
}

void add_audit_check_proof(CLI::App& audit, CommandLine& line) {
  CLI::App& check = add_command(
      audit, "check-proof",
      "Check a proof that `portcullis audit prove` wrote, with the log's public key and without the log.\n"
      "Exit code: 0 proven, 1 it does not hold, 2 it cannot be checked: unreadable, no proof, not signed by\n"
      "this key.",
      "portcullis audit check-proof 4711.tlog-proof --key log.key.pub\n"
      "  portcullis audit check-proof since-monday.proof --key log.key.pub --from monday.note");
  check.add_option("file", line.check_proof.file, "The proof")->required()->type_name("FILE");
  check.add_option("--key", line.check_proof.key, "The log's public key, as keygen wrote it: log.key.pub")
      ->required()
      ->type_name("PUB");
  check
      .add_option("--from", line.check_proof.old_note,
                  "The older note, for a proof that the log goes on from it")
      ->type_name("OLD_NOTE");
  check.add_flag("--show", line.check_proof.show, "Print the entry that was proven, too");
}

void add_evidence_options(CLI::App& command, VerifyAuditOptions& options) {
  command
      .add_option(
          "--key", options.keys,
          "The log's public key, FILE.pub of `portcullis audit keygen`, from a place that the gate's\n"
          "machine cannot change; an older one of the log will do. May be given several times")
      ->allow_extra_args(false)
      ->type_name("FILE");
  command
      .add_option("--anchor", options.anchors,
                  "A file with signed checkpoints of this log that were kept elsewhere, one or many, other\n"
                  "lines between them or none. May be given several times")
      ->allow_extra_args(false)
      ->type_name("FILE");
}

void add_audit_verify(CLI::App& audit, CommandLine& line) {
  CLI::App& verify = add_command(
      audit, "verify",
      "Check every byte of a log and every note beside it, offline, also while the gate writes to it.\n"
      "Clean takes a key and an anchor: whoever can write the log's files can make a log anew that agrees\n"
      "with itself, or cut off its end, but can neither sign it nor change what was kept elsewhere.\n"
      "Exit code: 0 clean, 1 tampered with, 2 the evidence is incomplete, or a key cannot be read.",
      "portcullis audit verify /var/lib/portcullis/audit --key log.key.pub --anchor anchored.notes");
  verify.add_option("directory", line.verify.directory, "The log's folder")->required()->type_name("DIR");
  add_evidence_options(verify, line.verify);
}

void add_audit_drill(CLI::App& audit, CommandLine& line) {
  CLI::App& drill = add_command(
      audit, "drill",
      "Attack copies of a log in every way that `portcullis audit verify` is there to find, and say what "
      "found\n"
      "each: in the files as they are, and by somebody who makes the hashes anew behind the change, takes "
      "the\n"
      "notes out or signs with another key. What cannot be found with the keys and anchors given is said "
      "too.\n"
      "The log itself is only read; the copies are made under TMPDIR, which needs room for the log three\n"
      "times, and are removed.\n"
      "Exit code: 0 everything was found that must be, 1 something was not, 2 the log or a key cannot be "
      "read,\n"
      "or the log is not in order itself.",
      "portcullis audit drill /var/lib/portcullis/audit --key log.key.pub --anchor anchored.notes");
  drill.add_option("directory", line.drill.directory, "The log's folder")->required()->type_name("DIR");
  add_evidence_options(drill, line.drill);
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

void add_audit(CLI::App& app, CommandLine& line) {
  CLI::App& audit = add_command(app, "audit", "Check and read an audit log; make its key; prove its entries.",
                                "portcullis audit verify audit/");
  audit.require_subcommand(1);
  add_audit_verify(audit, line);

  CLI::App& show = add_command(audit, "show", "Print entries of a log, one a line.",
                               "portcullis audit show audit/ --agent repair-bot --verdict deny");
  show.add_option("directory", line.show.directory, "The log's folder")->required()->type_name("DIR");
  show.add_option("--from", line.show.from, "The first entry's index")->type_name("INDEX");
  show.add_option("--to", line.show.to, "The last entry's index")->type_name("INDEX");
  show.add_option("--agent", line.show.agent, "Only this agent's")->type_name("NAME");
  show.add_option("--verdict", line.show.verdict, "Only these: allow, would_deny, ask or deny")
      ->type_name("VERDICT");
  show.add_option("--type", line.show.type, "Only this type: decision, outcome, session, policy, config, ...")
      ->type_name("TYPE");
  show.add_flag("--json", line.show.json, "The entries as they stand in the log, as JSON");
  add_audit_report(audit, line);
  add_audit_keygen(audit, line);
  add_audit_prove(audit, line);
  add_audit_check_proof(audit, line);
  add_audit_drill(audit, line);
  add_audit_replay(audit, line);
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

int run_audit(const CLI::App& command, const CommandLine& line, Console& console) {
  if (command.got_subcommand("replay")) return replay_audit(line.replay, console);
  if (command.got_subcommand("report")) return report_dry_runs(line.dry_run_report, console);
  if (command.got_subcommand("keygen")) return make_audit_key(line.keygen, console);
  if (command.got_subcommand("prove")) return prove_audit(line.prove, console);
  if (command.got_subcommand("check-proof")) return check_audit_proof(line.check_proof, console);
  if (command.got_subcommand("drill")) return drill_audit(line.drill, console);
  if (command.got_subcommand("verify")) return verify_audit(line.verify, console);
  return show_audit(line.show, console);
}

int print_version(Console& console) {
  console.out << "portcullis " << PORTCULLIS_VERSION << ", grammar of PostgreSQL " << sql::grammar_version()
              << "\n";
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
  return run_audit(command, line, console);
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
  add_audit(app, line);
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
