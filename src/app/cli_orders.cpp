#include "app/cli_orders.hpp"

#include <CLI/CLI.hpp>

#include "app/cli_parts.hpp"
#include "app/moment.hpp"

#include <string>

namespace portcullis::app {
namespace {

using audit::OrderAction;

void add_cause(CLI::App& command, MakeOrderOptions& options) {
  command.add_option("--basis", options.basis, "Why, at most 500 bytes: who signs and who audits reads it")
      ->required()
      ->type_name("TEXT");
  command.add_option("--ticket", options.ticket, "Where more about it stands")->type_name("TEXT");
  command.add_option("--out", options.out, "The file to make for the order")->required()->type_name("FILE");
}

void add_records(CLI::App& command, MakeOrderOptions& options) {
  command.add_option("directory", options.directory, "The log's folder")->required()->type_name("DIR");
  command.add_option("--records", options.records, "These entries, by their indexes")
      ->type_name("17,100-200");
  command.add_option("--agent", options.agent, "Only what this agent did, and what became of it")
      ->type_name("NAME");
  command
      .add_option("--before", options.before,
                  std::string("Only what was recorded before this time: ") + kMomentForms)
      ->type_name("TIME");
  command
      .add_option("--class", options.classes,
                  "parameters (of statements), said (what agents say) or text (statements, and what quotes\n"
                  "them); may be given several times, all three when left out")
      ->allow_extra_args(false)
      ->type_name("CLASS");
  add_cause(command, options);
}

void add_order(CLI::App& audit, OrderCommandLine& line) {
  CLI::App& order = add_command(audit, "order",
                                "Make an order for two of the people in audit.erasers to sign: what it "
                                "reaches is printed, and stands in\n"
                                "it as the indexes of entries. Nothing is erased yet.\n"
                                "Exit code: 0 made, 1 it would reach nothing, too many ranges, or the log or "
                                "file cannot be used, 64 what\n"
                                "was asked for cannot be ordered.",
                                "portcullis audit order erase /var/lib/portcullis/audit --records 17,100-200 "
                                "--basis 'Art. 17 GDPR' --out 1.order");
  order.require_subcommand(1);
  CLI::App& erase = add_command(order, "erase", "Order texts to be erased.",
                                "portcullis audit order erase audit/ --agent repair-bot --before 2026-01-01 "
                                "--class parameters --basis 'Art. 17 GDPR' --ticket DSR-4711 --out 1.order");
  add_records(erase, line.erase);
  CLI::App& hold = add_command(
      order, "hold", "Order texts not to be erased until that is released.",
      "portcullis audit order hold audit/ --records 100-200 --basis 'case 7 O 12/26' --out 2.order");
  add_records(hold, line.hold);
  CLI::App& prune = add_command(
      order, "prune",
      "Order whole segments to be removed, the oldest ones: all that end before an entry or a time.",
      "portcullis audit order prune audit/ --before 2025-11-01 --basis 'kept for a year' --out 4.order");
  prune.add_option("directory", line.prune.directory, "The log's folder")->required()->type_name("DIR");
  prune.add_option("--first", line.prune.first, "Keep the segment with this entry, and all behind it")
      ->type_name("N");
  prune
      .add_option("--before", line.prune.before,
                  std::string("Remove what was recorded before this time: ") + kMomentForms)
      ->type_name("TIME");
  add_cause(prune, line.prune);
  CLI::App& release = add_command(
      order, "release", "Order that what is held may be erased again.",
      "portcullis audit order release audit/ --hold HASH --basis 'the case is closed' --out 3.order");
  release.add_option("directory", line.release.directory, "The log's folder")->required()->type_name("DIR");
  release
      .add_option("--hold", line.release.hold,
                  "The order to hold, by its hash: see `portcullis audit orders`")
      ->required()
      ->type_name("HASH");
  add_cause(release, line.release);
}

void add_sign(CLI::App& audit, OrderCommandLine& line) {
  CLI::App& sign =
      add_command(audit, "sign",
                  "Show what an order says and sign it, as the person whose private key is given.\n"
                  "Exit code: 0 signed, 1 not, which is said.",
                  "portcullis audit sign 1.order --key anna.key");
  sign.add_option("order", line.sign.order, "The order")->required()->type_name("FILE");
  sign.add_option("--key", line.sign.key,
                  "The person's private key, of `portcullis audit keygen --name anna --out anna.key`")
      ->required()
      ->type_name("FILE");
}

void add_carry_out(CLI::App& audit, CarryOutOptions& options, const std::string& name,
                   const std::string& purpose) {
  CLI::App& command = add_command(
      audit, name,
      purpose +
          " that two of the people in audit.erasers have signed. Where the gate runs it\n"
          "does it, within a second or two, and this command waits; where it does not, this command does.\n"
          "Exit code: 0 done, 1 refused or not done yet, which is said, 78 the configuration is wrong.",
      "portcullis audit " + name + " --config /etc/portcullis/portcullis.json --order 1.order");
  command.add_option("--config", options.config, "The gate's configuration file")
      ->required()
      ->type_name("FILE");
  command.add_option("--order", options.order, "The signed order")->required()->type_name("FILE");
  command.add_option("--wait", options.patience, "How many seconds to wait for the gate")
      ->default_str("60")
      ->type_name("SECONDS");
}

}  // namespace

void add_audit_orders(CLI::App& audit, OrderCommandLine& line) {
  line.hold.action = OrderAction::hold;
  line.release.action = OrderAction::release;
  line.prune.action = OrderAction::prune;
  add_order(audit, line);
  add_sign(audit, line);
  add_carry_out(audit, line.carry_out, "erase", "Erase texts by an order");
  add_carry_out(audit, line.carry_out, "hold", "Hold texts by an order");
  add_carry_out(audit, line.carry_out, "release", "Release texts that are held, by an order");
  add_carry_out(audit, line.carry_out, "prune", "Remove the oldest segments of a log by an order");
  CLI::App& orders =
      add_command(audit, "orders",
                  "The register: every order in a log, who signed it, what it reaches and why, and\n"
                  "whether it is in force.",
                  "portcullis audit orders /var/lib/portcullis/audit");
  orders.add_option("directory", line.directory, "The log's folder")->required()->type_name("DIR");
}

std::optional<int> run_audit_orders(const CLI::App& audit, OrderCommandLine& line, Console& console) {
  const CLI::App& command = *audit.get_subcommands().front();
  const std::string& name = command.get_name();
  if (name == "order") {
    const std::string& action = command.get_subcommands().front()->get_name();
    if (action == "prune") return make_order(line.prune, console);
    return make_order(action == "erase" ? line.erase : action == "hold" ? line.hold : line.release, console);
  }
  if (name == "sign") return sign_order(line.sign, console);
  if (name == "orders") return list_orders(line.directory, console);
  for (const auto kind : {OrderAction::erase, OrderAction::hold, OrderAction::release, OrderAction::prune}) {
    if (name != audit::to_text(kind)) continue;
    line.carry_out.action = kind;
    return carry_out(line.carry_out, console);
  }
  return std::nullopt;
}

}  // namespace portcullis::app
