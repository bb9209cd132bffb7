#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "app/text_table.hpp"
#include "audit/prove.hpp"
#include "base/descriptor.hpp"

namespace portcullis::app {
namespace {

int fail(Console& console, int code, const std::string& message) {
  console.err << "portcullis: " << printable(message) << "\n";
  return code;
}

std::string cannot_write(const std::filesystem::path& file, int error) {
  if (error == EEXIST) {
    return "\"" + file.string() + "\" is there already, and a proof overwrites nothing: name another file";
  }
  return "cannot write \"" + file.string() + "\": " + std::generic_category().message(error);
}

int write_new_file(const std::filesystem::path& file, const std::string& content, Console& console) {
  const base::Descriptor made(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!made.is_open()) return fail(console, kFailure, cannot_write(file, errno));
  const int error = base::write_and_sync(made, content);
  if (error == 0) return kSuccess;
  ::unlink(file.c_str());
  return fail(console, kFailure, cannot_write(file, error));
}

}  // namespace

int prove_audit(const ProveOptions& options, Console& console) {
  if (options.index.has_value() == options.old_note.has_value()) {
    return fail(console, kUsage, "give the index of an entry, or --from with an older note, and not both");
  }
  const auto proof = options.index ? audit::prove_inclusion(options.directory, *options.index)
                                   : audit::prove_consistency(options.directory, *options.old_note);
  if (!proof) return fail(console, kFailure, proof.error().message);
  if (!options.out.empty()) return write_new_file(options.out, *proof, console);
  console.out << *proof << std::flush;
  return console.out.good() ? kSuccess : fail(console, kFailure, "cannot write to standard output");
}

}  // namespace portcullis::app
