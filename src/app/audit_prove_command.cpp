#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "app/proof_output.hpp"
#include "audit/disclosure.hpp"
#include "audit/prove.hpp"

namespace portcullis::app {

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
  return give_proof(audit::disclose(options.directory, options.index, options.field, options.sealing_keys),
                    options.out, console);
}

}  // namespace portcullis::app
