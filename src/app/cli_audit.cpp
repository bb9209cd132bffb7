#include "app/cli_audit.hpp"

#include <string>

#include <CLI/CLI.hpp>

#include "app/cli_parts.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::app {

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

namespace {

void add_audit_keygen(CLI::App& audit, AuditLine& line) {
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

void add_audit_prove(CLI::App& audit, AuditLine& line) {
  CLI::App& prove = add_command(
      audit, "prove",
      "Write a proof that an entry is in the log, or that the log goes on from an older note of it, by the\n"
      "newest note in its folder. Whoever has the proof and the log's public key can check it without the "
      "log:\n"
      "portcullis audit check-proof. A proof of an entry holds the whole entry, with the texts that are not "
      "sealed.\n"
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

void add_audit_disclose(CLI::App& audit, AuditLine& line) {
  CLI::App& disclose = add_command(
      audit, "disclose",
      "Write one sealed text of an entry, opened, with a proof that it stands in the log. Whoever has the "
      "file\n"
      "and the log's public key can check it without the log and its keys: portcullis audit check-proof. No\n"
      "other sealed text is given away with it.\n"
      "Exit code: 0 written, 1 it cannot be opened (the error says why), proven or written.",
      "portcullis audit disclose /var/lib/portcullis/audit 4711 --field text \\\n"
      "    --sealing-keys /var/lib/portcullis/audit.keys --out 4711.disclosure");
  disclose.add_option("directory", line.disclose.directory, "The log's folder")->required()->type_name("DIR");
  disclose.add_option("index", line.disclose.index, "The entry's index")
      ->required()
      ->check(is_index)
      ->type_name("INDEX");
  disclose.add_option("--field", line.disclose.field, "parameters, reason, said, text, report or error")
      ->required()
      ->type_name("FIELD");
  add_open_options(disclose, line.disclose.open).required();
  disclose.add_option("--out", line.disclose.out, "The file to make; standard output when left out")
      ->type_name("FILE");
}

void add_audit_check_proof(CLI::App& audit, AuditLine& line) {
  CLI::App& check = add_command(
      audit, "check-proof",
      "Check a proof that `portcullis audit prove` or `disclose` wrote, with the log's public key and "
      "without the log.\n"
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

void add_audit_verify(CLI::App& audit, AuditLine& line) {
  CLI::App& verify = add_command(
      audit, "verify",
      "Check every byte of a log and every note beside it, offline, also while the gate writes to it.\n"
      "Clean takes a key and an anchor: whoever can write the log's files can make a log anew that agrees\n"
      "with itself, or cut off its end, but can neither sign it nor change what was kept elsewhere.\n"
      "Exit code: 0 clean, 1 tampered with, 2 the evidence is incomplete, or a key cannot be read.",
      "portcullis audit verify /var/lib/portcullis/audit --key log.key.pub --anchor anchored.notes");
  verify.add_option("directory", line.verify.directory, "The log's folder")->required()->type_name("DIR");
  add_evidence_options(verify, line.verify);
  verify
      .add_option(
          "--threads", line.verify.threads,
          "How many threads read the log, 1 to 64; as many as there are cores, at most 16, where it is\n"
          "not said. The result is the same. Each takes a few MiB of memory, and up to 150 where\n"
          "entries are as large as they may be")
      ->check(CLI::Range(1u, audit::kMostVerifyThreads))
      ->type_name("N");
  add_sealing_keys(verify, line.verify.sealing_keys,
                   "each text must open, or have been ordered to be erased; none is shown");
}

void add_audit_drill(CLI::App& audit, AuditLine& line) {
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

}  // namespace

void add_audit(CLI::App& app, AuditLine& line) {
  CLI::App& audit = add_command(app, "audit", "Check and read an audit log; make its key; prove its entries.",
                                "portcullis audit verify audit/");
  audit.require_subcommand(1);
  add_audit_verify(audit, line);

  add_audit_reading(audit, line);
  add_audit_keygen(audit, line);
  add_audit_prove(audit, line);
  add_audit_disclose(audit, line);
  add_audit_check_proof(audit, line);
  add_audit_drill(audit, line);
  add_audit_orders(audit, line.orders);
}

int run_audit(const CLI::App& command, AuditLine& line, Console& console) {
  if (const auto code = run_audit_orders(command, line.orders, console)) return *code;
  if (command.got_subcommand("keygen")) return make_audit_key(line.keygen, console);
  if (command.got_subcommand("prove")) return prove_audit(line.prove, console);
  if (command.got_subcommand("disclose")) return disclose_audit(line.disclose, console);
  if (command.got_subcommand("check-proof")) return check_audit_proof(line.check_proof, console);
  if (command.got_subcommand("drill")) return drill_audit(line.drill, console);
  if (command.got_subcommand("verify")) return verify_audit(line.verify, console);
  return run_audit_reading(command, line, console);
}

}  // namespace portcullis::app
