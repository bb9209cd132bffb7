#include "net/shadow_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>

namespace portcullis::net {

using base::Error;
using base::Result;
namespace fs = std::filesystem;

namespace {

constexpr const char* kPrefix = "portcullis-shadow-";

Error failed(const std::string& what, int number) {
  return {base::sqlstate::io_error, what + ": " + std::strerror(number)};
}

// The lock last: what could not be removed is left to the next one that sweeps.
bool remove_parts(const fs::path& folder) {
  std::error_code failed;
  for (const char* part : {"server", "work"}) {
    fs::remove_all(folder / part, failed);
    if (failed) return false;
  }
  fs::remove_all(folder, failed);
  return !failed;
}

// Processes of a server that was killed write on until they see it.
void remove_folder(const fs::path& folder) {
  constexpr int kTries = 50;
  for (int tries = 1; !remove_parts(folder) && tries < kTries; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

// A folder has its lock as soon as it is made.
bool is_old(const struct stat& about) {
  constexpr std::time_t kSeconds = 60;
  return std::time(nullptr) - about.st_mtime > kSeconds;
}

void sweep(const fs::path& parent) {
  std::error_code ignored;
  // What fails ends it: a range-based for would throw.
  for (fs::directory_iterator at(parent, ignored), end; at != end; at.increment(ignored)) {
    const auto& entry = *at;
    if (!entry.path().filename().string().starts_with(kPrefix) || entry.is_symlink(ignored)) continue;
    struct stat about {};
    if (::lstat(entry.path().c_str(), &about) != 0 || !S_ISDIR(about.st_mode) || about.st_uid != ::geteuid())
      continue;
    const int lock = ::open((entry.path() / "lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (lock < 0) {
      // Another gate's that is just being made, or not ours to look into; or its gate was killed meanwhile.
      if (errno == ENOENT && is_old(about)) (void)remove_parts(entry.path());
      continue;
    }
    struct stat of_lock {};
    const bool is_ours = ::fstat(lock, &of_lock) == 0 && of_lock.st_uid == ::geteuid();
    if (is_ours && ::flock(lock, LOCK_EX | LOCK_NB) == 0) (void)remove_parts(entry.path());
    ::close(lock);
  }
}

}  // namespace

Result<void> ShadowFolder::make(const fs::path& parent) {
  sweep(parent);
  std::string name = (parent / (std::string(kPrefix) + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr)
    return failed("cannot make a folder in \"" + parent.string() + "\"", errno);
  path_ = name;
  lock_ = ::open((path_ / "lock").c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0)
    return failed("cannot lock \"" + name + "\"", errno);
  if (::mkdir(work().c_str(), 0700) != 0) return failed("cannot make \"" + work().string() + "\"", errno);
  return {};
}

ShadowFolder::~ShadowFolder() {
  if (!path_.empty()) remove_folder(path_);
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace portcullis::net
