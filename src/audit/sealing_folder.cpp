#include "audit/sealing_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

// Beside NAME while it is replaced: what is to take its place, and another name for what it was.
constexpr std::string_view kNewSuffix = ".new", kOldSuffix = ".old";

std::string quoted(const std::filesystem::path& path) {
  return "\"" + path.string() + "\"";
}

base::Error cannot(std::string_view doing, const std::filesystem::path& path, int code) {
  base::SqlState state = base::sqlstate::io_error;
  std::string_view advice = "audit.sealing_keys is the folder of the log's keys";
  if (code == ENOSPC || code == EDQUOT) {
    state = base::sqlstate::disk_full;
    advice = "make room there";
  } else if (code == EMFILE || code == ENFILE) {
    state = base::sqlstate::insufficient_resources;
    advice = "raise the limit of open files or lower limits.connections";
  }
  return {.code = state,
          .message = "cannot " + std::string(doing) + " " + quoted(path) + ": " +
                     std::generic_category().message(code) + "; " + std::string(advice)};
}

base::Error refuse(const std::filesystem::path& path, const std::string& why) {
  return {.code = base::sqlstate::config_file_error, .message = quoted(path) + " " + why};
}

base::Result<void> check_owner(const std::filesystem::path& path, const struct stat& status,
                               std::string_view mode) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return refuse(path,
                  "belongs to another user, who can read sealed texts: chown it to the user that runs this");
  }
  if ((status.st_mode & 0077u) != 0) {
    return refuse(path, "may be used by its group or others, who then can read sealed texts: run chmod " +
                            std::string(mode) + " on it");
  }
  return {};
}

base::Result<void> overwrite(const base::Descriptor& file, std::uint64_t size,
                             const std::filesystem::path& path) {
  const std::string zeros(std::size_t{1} << 16, '\0');
  for (std::uint64_t at = 0; at < size;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), size - at));
    const ssize_t put = ::pwrite(file.get(), zeros.data(), count, static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return cannot("overwrite the old keys of", path, put < 0 ? errno : EIO);
    at += static_cast<std::uint64_t>(put);
  }
  if (::fdatasync(file.get()) != 0) return cannot("overwrite the old keys of", path, errno);
  return {};
}

// All of it, in a buffer that has its size from the start.
base::Result<base::Secret> read_all(const base::Descriptor& file, std::size_t size,
                                    const std::filesystem::path& path) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file.get(), bytes.data() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  base::Secret secret(std::move(bytes));
  if (done < size) return cannot("read", path, EIO);
  return secret;
}

std::shared_ptr<const base::Descriptor> open_folder(const std::filesystem::path& path) {
  return std::make_shared<const base::Descriptor>(
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

base::Result<void> sync_parent(const std::filesystem::path& path) {
  const auto parent = path.parent_path();
  const base::Descriptor opened(
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open() || ::fsync(opened.get()) != 0) return cannot("sync the folder of", path, errno);
  return {};
}

// What is there already keeps its place. 0, or errno.
int rename_to_new(int folder, const std::string& from, const std::string& to) {
  if (::renameat2(folder, from.c_str(), folder, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  // Some file systems have no RENAME_NOREPLACE (rename(2), EINVAL). Nobody else makes files here.
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (::faccessat(folder, to.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  return ::renameat(folder, from.c_str(), folder, to.c_str()) == 0 ? 0 : errno;
}

// Without the slash at its end that a person may give: the folder beside it would be one inside it.
std::filesystem::path plain(const std::filesystem::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

// --- the folder

base::Result<SealingFolder> SealingFolder::make(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    if (auto synced = sync_parent(plain(path)); !synced) return synced.error();
  } else if (errno != EEXIST) {
    return cannot("make the folder", path, errno);
  }
  auto folder = open(path);
  if (!folder) return folder;
  if (::flock(folder->folder_->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return cannot("lock the folder", path, errno);
    return base::Error{
        base::sqlstate::io_error,
        quoted(path) +
            " is in use by another process: stop that one, or give each log a folder of its own "
            "in audit.sealing_keys"};
  }
  if (auto done = folder->destroy_leftovers(); !done) return done.error();
  return folder;
}

base::Result<SealingFolder> SealingFolder::open(const std::filesystem::path& path) {
  SealingFolder folder(plain(path));
  folder.folder_ = open_folder(folder.path_);
  struct stat status {};
  if (!folder.folder_->is_open() || ::fstat(folder.folder_->get(), &status) != 0)
    return cannot("open the folder", path, errno);
  if (auto checked = check_owner(path, status, "700"); !checked) return checked.error();
  return folder;
}

base::Result<std::vector<std::string>> SealingFolder::names() const {
  // A descriptor of its own, which closedir() closes.
  const int number = ::openat(folder_->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) return cannot("read the folder", path_, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(number), ::closedir);
  if (!stream) {
    const int code = errno;
    ::close(number);
    return cannot("read the folder", path_, code);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    names.emplace_back(entry->d_name);
    errno = 0;
  }
  if (errno != 0) return cannot("read the folder", path_, errno);
  return names;
}

base::Result<std::vector<std::uint64_t>> SealingFolder::epochs() const {
  const auto found = names();
  if (!found) return found.error();
  std::vector<std::uint64_t> epochs;
  for (const auto& name : *found) {
    if (const auto epoch = sealing_epoch(name)) {
      epochs.push_back(*epoch);
    } else if (name.ends_with(kSealingSuffix)) {
      return refuse(path_ / name,
                    "is not the name of a file of keys: it is called by its epoch, in 20 digits; give it its "
                    "name back");
    }
  }
  std::sort(epochs.begin(), epochs.end());
  return epochs;
}

base::Result<void> SealingFolder::sync() const {
  if (::fsync(folder_->get()) != 0) return cannot("sync the folder", path_, errno);
  return {};
}

// --- one file

base::Result<SealingKeys> SealingFolder::read_once(std::uint64_t epoch, bool& is_replaced) const {
  const std::string name = sealing_name(epoch);
  const auto file = path_ / name;
  // O_NONBLOCK: opening a named pipe must not wait for its writer.
  const base::Descriptor opened(
      ::openat(folder_->get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!opened.is_open() && errno == ELOOP)
    return refuse(file, "is a symbolic link: put the file itself there");
  struct stat status {};
  if (!opened.is_open() || ::fstat(opened.get(), &status) != 0) return cannot("read", file, errno);
  if (!S_ISREG(status.st_mode)) return refuse(file, "is not a regular file: put the file of keys there");
  if (auto checked = check_owner(file, status, "600"); !checked) return checked.error();
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > kLargestSealingFile) return refuse(file, "is larger than any file of keys: take it from a copy");
  const auto bytes = read_all(opened, static_cast<std::size_t>(size), file);
  if (!bytes) return bytes.error();
  auto keys = read_sealing_text(bytes->reveal());
  struct stat now {};
  is_replaced =
      ::fstatat(folder_->get(), name.c_str(), &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_ino != status.st_ino;
  if (!keys) return refuse(file, "is no file of keys, " + keys.error().message + ": take it from a copy");
  if (keys->epoch != epoch) {
    return refuse(file, "holds the keys of epoch " + std::to_string(keys->epoch) +
                            ": a file of keys is called by its epoch; give it its name back");
  }
  return keys;
}

// One that is replaced meanwhile was overwritten, perhaps in the midst of this.
base::Result<SealingKeys> SealingFolder::read(std::uint64_t epoch) const {
  constexpr int tries = 10;
  for (int left = tries;; --left) {
    bool is_replaced = false;
    auto keys = read_once(epoch, is_replaced);
    if (!is_replaced || left == 1) return keys;
  }
}

// A file NAME.new, durable but for its name. O_EXCL: what is there, a link to nowhere too, is left alone.
base::Result<void> SealingFolder::write_beside(const std::string& name, const SealingKeys& keys) const {
  const std::string beside = name + std::string(kNewSuffix);
  const base::Descriptor made(
      ::openat(folder_->get(), beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!made.is_open()) return cannot("write", path_ / beside, errno);
  const int error = base::write_and_sync(made, sealing_text(keys).reveal());
  if (error == 0) return {};
  ::unlinkat(folder_->get(), beside.c_str(), 0);
  return cannot("write", path_ / beside, error);
}

base::Result<void> SealingFolder::create(const SealingKeys& keys) const {
  const std::string name = sealing_name(keys.epoch), beside = name + std::string(kNewSuffix);
  if (auto written = write_beside(name, keys); !written) return written;
  const int code = rename_to_new(folder_->get(), beside, name);
  if (code != 0) ::unlinkat(folder_->get(), beside.c_str(), 0);
  if (code == EEXIST) {
    return base::Error{base::sqlstate::io_error,
                       quoted(path_ / name) +
                           " is there already, and keys are never used again: if the log was put back from a "
                           "copy, begin a new log and a new folder of keys"};
  }
  if (code != 0) return cannot("write", path_ / name, code);
  return sync();
}

base::Result<void> SealingFolder::replace(const SealingKeys& keys) const {
  const std::string name = sealing_name(keys.epoch), beside = name + std::string(kNewSuffix),
                    before = name + std::string(kOldSuffix);
  const base::Descriptor old(::openat(folder_->get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!old.is_open() || ::fstat(old.get(), &status) != 0) return cannot("open", path_ / name, errno);
  if (!S_ISREG(status.st_mode))
    return refuse(path_ / name, "is not a regular file: put the file of keys there");
  if (auto written = write_beside(name, keys); !written) return written;
  // So that whoever comes behind a crash finds the old blocks; some file systems have no second names.
  const bool has_name = ::linkat(folder_->get(), name.c_str(), folder_->get(), before.c_str(), 0) == 0;
  if (::renameat(folder_->get(), beside.c_str(), folder_->get(), name.c_str()) != 0) {
    const int code = errno;
    ::unlinkat(folder_->get(), beside.c_str(), 0);
    if (has_name) ::unlinkat(folder_->get(), before.c_str(), 0);
    return cannot("replace", path_ / name, code);
  }
  if (auto synced = sync(); !synced) return synced;
  if (auto wiped = overwrite(old, static_cast<std::uint64_t>(status.st_size), path_ / name); !wiped)
    return wiped;
  if (has_name && ::unlinkat(folder_->get(), before.c_str(), 0) != 0)
    return cannot("remove", path_ / before, errno);
  return {};
}

// --- behind a crash

// A second name of a file that is still in use is taken away alone.
base::Result<void> SealingFolder::destroy(const std::string& name) const {
  const base::Descriptor file(::openat(folder_->get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return cannot("open", path_ / name, errno);
  if (S_ISREG(status.st_mode) && status.st_nlink == 1) {
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (auto wiped = overwrite(file, size, path_ / name); !wiped) return wiped;
  }
  if (::unlinkat(folder_->get(), name.c_str(), 0) != 0) return cannot("remove", path_ / name, errno);
  return {};
}

base::Result<void> SealingFolder::destroy_leftovers() const {
  const auto found = names();
  if (!found) return found.error();
  for (const auto& name : *found) {
    const bool is_left = name.ends_with(kNewSuffix) || name.ends_with(kOldSuffix);
    if (!is_left || !sealing_epoch(std::string_view(name).substr(0, name.size() - kNewSuffix.size())))
      continue;
    if (auto done = destroy(name); !done) return done;
  }
  return sync();
}

}  // namespace portcullis::audit
