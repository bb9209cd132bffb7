#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "app/proof_output.hpp"
#include "audit/disclosure.hpp"
#include "audit/hash.hpp"
#include "audit/prove.hpp"

namespace portcullis::app {
namespace {

// Not before the log has its hash.
base::Result<std::string> recorded_disclosure(const DiscloseOptions& options) {
  auto keys = audit::Unsealer::open(options.open.keys);
  if (!keys) return keys.error();
  auto disclosed = audit::disclose(options.directory, options.index, options.field, *keys);
  if (!disclosed) return disclosed;
  const auto recorded =
      record_reading(options.open, options.directory, keys->opened(), audit::sha256_hex(*disclosed));
  if (!recorded) return recorded.error();
  return disclosed;
}

}  // namespace

int prove_audit(const ProveOptions& options, Console& console) {
  if (options.index.has_value() == options.old_note.has_value()) {
    console.err << "portcullis: give the index of an entry, or --from with an older note, and not both\n";
    return kUsage;
  }
  return give_proof(options.index ? audit::prove_inclusion(options.directory, *options.index)
                                  : audit::prove_consistency(options.directory, *options.old_note),
                    options.out, console);
}

int disclose_audit(const DiscloseOptions& options, Console& console) {
  const auto disclosed = recorded_disclosure(options);
  return give_proof(disclosed, options.out, console);
}

}  // namespace portcullis::app
