#include "app/proof_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "app/exit_code.hpp"
#include "app/text_table.hpp"
#include "base/descriptor.hpp"

namespace portcullis::app {
namespace {

int fail(Console& console, const std::string& message) {
  console.err << "portcullis: " << printable(message) << "\n";
  return kFailure;
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
  if (!made.is_open()) return fail(console, cannot_write(file, errno));
  const int error = base::write_and_sync(made, content);
  if (error == 0) return kSuccess;
  ::unlink(file.c_str());
  return fail(console, cannot_write(file, error));
}

}  // namespace

int give_proof(const base::Result<std::string>& proof, const std::filesystem::path& file, Console& console) {
  if (!proof) return fail(console, proof.error().message);
  if (!file.empty()) return write_new_file(file, *proof, console);
  console.out << *proof << std::flush;
  return console.out.good() ? kSuccess : fail(console, "cannot write to standard output");
}

}  // namespace portcullis::app
