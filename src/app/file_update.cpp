#include "app/file_update.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "app/trusted_file.hpp"
#include "base/descriptor.hpp"

namespace portcullis::app {
namespace {

base::Error cannot_write(const std::filesystem::path& path, int error) {
  return {.code = base::sqlstate::io_error,
          .message = "cannot write \"" + path.string() + "\": " + std::generic_category().message(error)};
}

// mkstemp gives mode 0600 from the start: nobody else ever sees the content.
base::Result<void> replace(const std::filesystem::path& file, std::string_view content) {
  std::string draft = file.string() + ".XXXXXX";
  const base::Descriptor output(::mkostemp(draft.data(), O_CLOEXEC));
  if (!output.is_open()) return cannot_write(file, errno);
  int error = base::write_and_sync(output, content);
  if (error == 0 && ::rename(draft.c_str(), file.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(draft.c_str());
  return cannot_write(file, error);
}

}  // namespace

base::Result<void> update_secret_file(const std::filesystem::path& file,
                                      const std::function<std::string(std::string_view)>& change) {
  std::error_code failed;
  const auto target = std::filesystem::weakly_canonical(file, failed);
  if (failed) return cannot_write(file, failed.value());

  // The folder is what stays the same when the file is renamed over, so it carries the lock.
  const base::Descriptor folder(::open(target.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::flock(folder.get(), LOCK_EX) != 0) return cannot_write(target, errno);

  std::string old;
  if (std::filesystem::exists(target, failed)) {
    auto content = read_trusted_file(target, Privacy::secret);
    if (!content) return content.error();
    old = std::move(*content);
  }
  if (auto replaced = replace(target, change(old)); !replaced) return replaced;
  if (::fsync(folder.get()) != 0) return cannot_write(target, errno);
  return {};
}

}  // namespace portcullis::app
