#include "audit/storage.hpp"

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

base::Error system_error(int code, std::string_view doing, const std::string& what) {
  const bool full = code == ENOSPC || code == EDQUOT;
  return {full ? base::sqlstate::disk_full : base::sqlstate::io_error,
          "could not " + std::string(doing) + " \"" + what + "\": " + std::generic_category().message(code)};
}

// Of a call that needs a descriptor and comes before anything is done with the file. Where there is none,
// that passes: no other call says so, and nothing is lost by trying again.
base::Error opening_error(int code, std::string_view doing, const std::string& what) {
  auto error = system_error(code, doing, what);
  if (code != EMFILE && code != ENFILE) return error;
  error.code = base::sqlstate::insufficient_resources;
  error.message += "; raise the limit of open files or lower limits.connections";
  return error;
}

// Calls until it is not interrupted by a signal.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

class PosixFile final : public SegmentFile {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  base::Result<std::uint64_t> size() override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return system_error(errno, "examine", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  base::Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t count) override {
    std::size_t done = 0;
    while (done < count) {
      const auto got = uninterrupted(
          [&] { return ::pread(fd_.get(), into + done, count - done, static_cast<off_t>(offset + done)); });
      if (got < 0) return system_error(errno, "read", path_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  base::Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto put = uninterrupted(
          [&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (put <= 0) return system_error(put < 0 ? errno : ENOSPC, "write to", path_);
      offset += static_cast<std::uint64_t>(put);
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
  }

  base::Result<void> reserve(std::uint64_t end) override {
    const auto allocated = allocate(end);
    if (!allocated) return allocated.error();
    return *allocated ? base::Result<void>{} : extend(end);
  }

  base::Result<void> reserve_unseen(std::uint64_t end) override {
    const auto allocated = allocate(end);
    if (!allocated) return allocated.error();
    return {};
  }

  base::Result<void> truncate(std::uint64_t size) override {
    const int done = uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); });
    if (done != 0) return system_error(errno, "truncate", path_);
    return {};
  }

  base::Result<void> sync() override {
    // Not repeated, not even after EINTR: a second call may report success for pages that the first one lost.
    if (::fdatasync(fd_.get()) != 0) return system_error(errno, "sync", path_);
    return {};
  }

 private:
  // False where the file system cannot.
  base::Result<bool> allocate(std::uint64_t end) {
    const int done = uninterrupted(
        [&] { return ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(end)); });
    if (done == 0) return true;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return system_error(errno, "allocate room for", path_);
    return false;
  }

  base::Result<void> extend(std::uint64_t end) {
    const std::string piece(std::size_t{1} << 20, '\n');
    auto at = size();
    if (!at) return at.error();
    while (*at < end) {
      const auto count = std::min<std::uint64_t>(piece.size(), end - *at);
      if (auto put = write(*at, std::string_view(piece).substr(0, static_cast<std::size_t>(count))); !put)
        return put;
      *at += count;
    }
    return {};
  }

  Descriptor fd_;
  std::string path_;
};

class PosixStorage final : public Storage {
 public:
  PosixStorage(Descriptor directory, Descriptor lock, std::string path)
      : directory_(std::move(directory)), lock_(std::move(lock)), path_(std::move(path)) {}

  base::Result<std::vector<std::string>> list() override {
    // A descriptor of its own: closedir() closes it, and two readers of one would share its position.
    const int fd = ::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return opening_error(errno, "read the directory", path_);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), ::closedir);
    if (!stream) {
      const int code = errno;
      ::close(fd);
      return system_error(code, "read the directory", path_);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    if (errno != 0) return system_error(errno, "read the directory", path_);
    return names;
  }

  base::Result<std::unique_ptr<SegmentFile>> create(const std::string& name) override {
    return open_file(name, O_RDWR | O_CREAT | O_EXCL, "create");
  }

  base::Result<std::unique_ptr<SegmentFile>> open(const std::string& name) override {
    return open_file(name, O_RDWR, "open");
  }

  base::Result<void> rename(const std::string& from, const std::string& to) override {
    if (::renameat2(directory_.get(), from.c_str(), directory_.get(), to.c_str(), RENAME_NOREPLACE) == 0)
      return {};
    // Some file systems have no RENAME_NOREPLACE (rename(2), EINVAL). Under the lock, nobody else makes `to`.
    if (errno != EINVAL && errno != ENOSYS) return system_error(errno, "rename to", path_of(to));
    if (::faccessat(directory_.get(), to.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
      return system_error(EEXIST, "rename to", path_of(to));
    }
    if (::renameat(directory_.get(), from.c_str(), directory_.get(), to.c_str()) == 0) return {};
    return system_error(errno, "rename to", path_of(to));
  }

  base::Result<void> remove(const std::string& name) override {
    if (::unlinkat(directory_.get(), name.c_str(), 0) != 0)
      return system_error(errno, "remove", path_of(name));
    return {};
  }

  base::Result<void> sync_directory() override {
    if (::fsync(directory_.get()) != 0) return system_error(errno, "sync the directory", path_);
    return {};
  }

 private:
  [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  base::Result<std::unique_ptr<SegmentFile>> open_file(const std::string& name, int flags,
                                                       std::string_view doing) {
    const int fd = ::openat(directory_.get(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return opening_error(errno, doing, path_of(name));
    return std::unique_ptr<SegmentFile>(std::make_unique<PosixFile>(Descriptor(fd), path_of(name)));
  }

  Descriptor directory_, lock_;
  std::string path_;
};

base::Result<Descriptor> take_lock(int directory, const std::string& path) {
  const std::string name(kLockName);
  Descriptor lock(::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return opening_error(errno, "open the lock file of", path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error(errno, "lock", path);
    return base::Error{
        base::sqlstate::io_error,
        "the audit log \"" + path +
            "\" is open in another process: stop that one, or give this one a directory of its own"};
  }
  return lock;
}

// The name of a new directory must be durable too, or a power cut could lose the log with it.
base::Result<void> sync_parent(const std::filesystem::path& directory) {
  const auto parent = std::filesystem::path(directory).parent_path();
  const Descriptor fd(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return opening_error(errno, "open the directory", parent.string());
  if (::fsync(fd.get()) != 0) return system_error(errno, "sync the directory", parent.string());
  return {};
}

}  // namespace

bool is_open_elsewhere(const std::filesystem::path& directory) {
  const auto name = directory / kLockName;
  const Descriptor lock(::open(name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  return lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

base::Result<std::unique_ptr<Storage>> open_directory(const std::filesystem::path& directory) {
  const std::string path = directory.string();
  if (::mkdir(path.c_str(), 0700) == 0) {
    if (auto synced = sync_parent(directory); !synced) return synced.error();
  } else if (errno != EEXIST) {
    return system_error(errno, "make the directory", path);
  }
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return opening_error(errno, "open the directory", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_error(errno, "examine the directory", path);
  if ((status.st_mode & 022u) != 0) {
    return base::Error{base::sqlstate::io_error, "others may write to the audit directory \"" + path +
                                                     "\": take that away with chmod go-w"};
  }
  auto lock = take_lock(fd.get(), path);
  if (!lock) return lock.error();
  return std::unique_ptr<Storage>(std::make_unique<PosixStorage>(std::move(fd), std::move(*lock), path));
}

}  // namespace portcullis::audit
