#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "audit/key_file.hpp"
#include "audit/origin.hpp"

namespace portcullis::app {
int make_audit_key(const KeygenOptions& options, Console& console) {
  if (const auto named = audit::check_log_name(options.name); !named) {
    return fail(console, kUsage, named.error());
  }
  auto key = audit::SigningKey::generate();
  if (!key) return fail(console, kFailure, key.error());
  const audit::NamedKey named{options.name, std::move(*key)};
  if (const auto written = audit::write_key_files(options.file, named); !written) {
    return fail(console, kFailure, written.error());
  }
  console.out
      << audit::vkey_text(named.name, named.key.public_key()) << "\n\n"
      << "This line is the public key; it stands in " << audit::public_key_file(options.file).string()
      << " too. Keep it where this machine\ncannot write, and give it to whoever is to check the log.\n"
      << "The private key stands in " << options.file.string()
      << ". Who reads it can sign as this log: leave it to the user that\nruns the gate, and keep no "
         "copy where others read.\n";
  return kSuccess;
}

}  // namespace portcullis::app
