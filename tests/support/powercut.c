/* What a power cut would leave of a directory, without cutting the power: a library for LD_PRELOAD.
 *
 *   POWERCUT_DIR=/absolute/dir POWERCUT_MIRROR=/absolute/mirror LD_PRELOAD=.../libpowercut.so program
 *
 * Everything that the program writes to files in POWERCUT_DIR (not below it) goes there as always, and is
 * remembered. Only when fsync() or fdatasync() of a file has returned success is what was written to it
 * before that call copied to the file of the same name in POWERCUT_MIRROR; after a failure it is forgotten,
 * as Linux may forget it. Names are kept in the same way: a created, renamed or removed file appears so in
 * the mirror only once the directory was synced; until then its bytes wait there under ".unsynced-<inode>".
 * So after kill -9 the mirror is the least that a disk may hold after a power cut at that moment. Both
 * directories may be absent at the start, and both paths must be free of symbolic links. A file that exists
 * in POWERCUT_DIR when the program opens it counts as unsynced as a whole.
 *
 * Followed: open, openat, write, pwrite, writev, pwritev, ftruncate, fsync, fdatasync, rename, renameat,
 * renameat2, unlink, unlinkat, close. Not followed: duplicated descriptors, mmap, stdio, fallocate that
 * changes the size, sync_file_range, O_SYNC. The library never changes what a call does or returns. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* A write (bytes at an offset) or a truncation (no bytes) that was not synced yet. */
struct change {
  struct change* next;
  off_t at;
  size_t count;
  char* bytes;
};

struct file {
  struct file* next;
  dev_t device;
  ino_t inode;
  char mirror[PATH_MAX]; /* where its bytes are kept now */
  struct change *first, **last;
};

/* A change of the directory that was not synced yet: link a file under a name, rename, or remove. */
struct name_change {
  struct name_change* next;
  struct file* file; /* link */
  char from[NAME_MAX + 1], to[NAME_MAX + 1];
};

enum { MAX_FD = 65536 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct file* files;
static struct file* file_of_fd[MAX_FD];
static char is_directory[MAX_FD];
static struct name_change *first_name, **last_name = &first_name;

#define REAL(type, name, ...)       \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static ssize_t real_pwrite(int fd, const void* bytes, size_t count, off_t at) {
  REAL(ssize_t, pwrite, int, const void*, size_t, off_t);
  return real(fd, bytes, count, at);
}

static int real_openat(int directory, const char* path, int flags, mode_t mode) {
  REAL(int, openat, int, const char*, int, ...);
  return real(directory, path, flags, mode);
}

static int real_close(int fd) {
  REAL(int, close, int);
  return real(fd);
}

static int real_rename(const char* from, const char* to) {
  REAL(int, rename, const char*, const char*);
  return real(from, to);
}

static void give_up(const char* what) {
  dprintf(2, "powercut: %s: %s\n", what, strerror(errno));
  abort();
}

static const char* setting(const char* name) {
  const char* value = getenv(name);
  return value && *value ? value : NULL;
}

/* Joins into `out`, which holds PATH_MAX bytes. */
static void join(char* out, const char* directory, const char* name) {
  if (snprintf(out, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX) give_up("a path is too long");
}

/* The absolute path of an open descriptor. */
static int path_of_fd(int fd, char* out) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, out, PATH_MAX - 1);
  if (length <= 0) return 0;
  out[length] = 0;
  return 1;
}

/* The name in POWERCUT_DIR that a path means, or NULL when it means something elsewhere. */
static const char* name_in_directory(int directory, const char* path, char* space) {
  const char* root = setting("POWERCUT_DIR");
  if (!root || !setting("POWERCUT_MIRROR")) return NULL;
  const size_t length = strlen(root);
  if (path[0] != '/') {
    char base[PATH_MAX];
    if (directory == AT_FDCWD ? !getcwd(base, sizeof base) : !path_of_fd(directory, base)) return NULL;
    if (snprintf(space, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return NULL;
  } else if (snprintf(space, PATH_MAX, "%s", path) >= PATH_MAX) {
    return NULL;
  }
  if (strncmp(space, root, length) != 0 || space[length] != '/') return NULL;
  const char* name = space + length + 1;
  return *name && strcmp(name, ".") != 0 && !strchr(name, '/') ? name : NULL;
}

/* --- under the mutex
 * ----------------------------------------------------------------------------------------------- */

static void forget_changes(struct change* change) {
  while (change) {
    struct change* next = change->next;
    free(change->bytes);
    free(change);
    change = next;
  }
}

static void remember(struct file* file, off_t at, const void* bytes, size_t count) {
  struct change* change = calloc(1, sizeof *change);
  if (!change) give_up("no memory");
  change->at = at;
  change->count = count;
  if (bytes) {
    change->bytes = malloc(count ? count : 1);
    if (!change->bytes) give_up("no memory");
    memcpy(change->bytes, bytes, count);
  }
  *file->last = change;
  file->last = &change->next;
}

/* A file that was there before: nobody knows what of it is on the disk. */
static void remember_whole(struct file* file, int fd) {
  static char piece[1 << 16];
  char path[PATH_MAX];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const int reader = real_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (reader < 0) return;
  off_t at = 0;
  for (ssize_t got; (got = pread(reader, piece, sizeof piece, at)) > 0; at += got)
    remember(file, at, piece, (size_t)got);
  remember(file, at, NULL, 0);
  real_close(reader);
}

static void remember_name(struct file* file, const char* from, const char* to) {
  struct name_change* change = calloc(1, sizeof *change);
  if (!change) give_up("no memory");
  change->file = file;
  if (from) snprintf(change->from, sizeof change->from, "%s", from);
  if (to) snprintf(change->to, sizeof change->to, "%s", to);
  *last_name = change;
  last_name = &change->next;
}

static struct file* find_file(const struct stat* status) {
  for (struct file* file = files; file; file = file->next) {
    if (file->device == status->st_dev && file->inode == status->st_ino) return file;
  }
  return NULL;
}

static struct file* new_file(const struct stat* status, const char* name, int fd) {
  struct file* file = calloc(1, sizeof *file);
  if (!file) give_up("no memory");
  file->device = status->st_dev;
  file->inode = status->st_ino;
  file->last = &file->first;
  file->next = files;
  files = file;
  mkdir(setting("POWERCUT_MIRROR"), 0700);
  join(file->mirror, setting("POWERCUT_MIRROR"), name);
  if (access(file->mirror, F_OK) != 0) {
    char unsynced[64];
    snprintf(unsynced, sizeof unsynced, ".unsynced-%llu", (unsigned long long)status->st_ino);
    join(file->mirror, setting("POWERCUT_MIRROR"), unsynced);
    const int made = real_openat(AT_FDCWD, file->mirror, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (made < 0) give_up("cannot create a file in the mirror");
    real_close(made);
    remember_name(file, NULL, name);
  }
  remember_whole(file, fd);
  return file;
}

static void apply(const struct file* file, const struct change* change) {
  const int fd = real_openat(AT_FDCWD, file->mirror, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) give_up("cannot open a file in the mirror");
  for (; change; change = change->next) {
    if (!change->bytes) {
      REAL(int, ftruncate, int, off_t);
      if (real(fd, change->at) != 0) give_up("cannot truncate a file in the mirror");
      continue;
    }
    if (real_pwrite(fd, change->bytes, change->count, change->at) != (ssize_t)change->count) {
      give_up("cannot write to the mirror");
    }
  }
  real_close(fd);
}

static void apply_name(const struct name_change* change) {
  char from[PATH_MAX], to[PATH_MAX];
  const char* mirror = setting("POWERCUT_MIRROR");
  join(to, mirror, change->to);
  if (change->file) {
    if (real_rename(change->file->mirror, to) != 0) give_up("cannot name a file in the mirror");
    strcpy(change->file->mirror, to);
  } else if (change->to[0]) {
    join(from, mirror, change->from);
    if (real_rename(from, to) != 0) give_up("cannot rename a file in the mirror");
    for (struct file* file = files; file; file = file->next) {
      if (strcmp(file->mirror, from) == 0) strcpy(file->mirror, to);
    }
  } else {
    REAL(int, unlink, const char*);
    join(from, mirror, change->from);
    real(from);
  }
}

/* Forgets them, and before that lets them happen in the mirror if the sync was a success. */
static void settle_names(struct name_change* change, int success) {
  while (change) {
    struct name_change* next = change->next;
    if (success) apply_name(change);
    free(change);
    change = next;
  }
}

/* --- what the calls do besides
 * ------------------------------------------------------------------------------------- */

static struct file* file_at(int fd) { return fd >= 0 && fd < MAX_FD ? file_of_fd[fd] : NULL; }

static void opened(int fd, int directory, const char* path) {
  const int saved = errno;
  char space[PATH_MAX], own[PATH_MAX];
  struct stat status;
  if (fd < 0 || fd >= MAX_FD || fstat(fd, &status) != 0) {
    errno = saved;
    return;
  }
  pthread_mutex_lock(&mutex);
  file_of_fd[fd] = NULL;
  is_directory[fd] = 0;
  const char* root = setting("POWERCUT_DIR");
  if (S_ISDIR(status.st_mode)) {
    is_directory[fd] = root && setting("POWERCUT_MIRROR") && path_of_fd(fd, own) && strcmp(own, root) == 0;
  } else if (S_ISREG(status.st_mode)) {
    const char* name = name_in_directory(directory, path, space);
    if (name) {
      struct file* file = find_file(&status);
      file_of_fd[fd] = file ? file : new_file(&status, name, fd);
    }
  }
  pthread_mutex_unlock(&mutex);
  errno = saved;
}

static void wrote(int fd, const void* bytes, ssize_t count, off_t at) {
  if (count <= 0 || !file_at(fd)) return;
  const int saved = errno;
  pthread_mutex_lock(&mutex);
  remember(file_of_fd[fd], at, bytes, (size_t)count);
  pthread_mutex_unlock(&mutex);
  errno = saved;
}

static void wrote_vector(int fd, const struct iovec* vector, ssize_t count, off_t at) {
  for (; count > 0; ++vector) {
    const ssize_t piece = (size_t)count < vector->iov_len ? count : (ssize_t)vector->iov_len;
    wrote(fd, vector->iov_base, piece, at);
    at += piece;
    count -= piece;
  }
}

/* What was written before the call is what a success makes durable: it is taken away first. */
static int synced(int fd, int (*real)(int)) {
  struct change* changes = NULL;
  struct name_change* names = NULL;
  struct file* file = file_at(fd);
  pthread_mutex_lock(&mutex);
  if (file) {
    changes = file->first;
    file->first = NULL;
    file->last = &file->first;
  } else if (fd >= 0 && fd < MAX_FD && is_directory[fd]) {
    names = first_name;
    first_name = NULL;
    last_name = &first_name;
  }
  pthread_mutex_unlock(&mutex);
  const int result = real(fd);
  const int saved = errno;
  pthread_mutex_lock(&mutex);
  if (result == 0 && changes) apply(file, changes);
  settle_names(names, result == 0);
  pthread_mutex_unlock(&mutex);
  forget_changes(changes);
  errno = saved;
  return result;
}

static void renamed(int from_directory, const char* from, int to_directory, const char* to) {
  char from_space[PATH_MAX], to_space[PATH_MAX];
  const char* from_name = name_in_directory(from_directory, from, from_space);
  const char* to_name = name_in_directory(to_directory, to, to_space);
  if (!from_name || !to_name) return;
  pthread_mutex_lock(&mutex);
  remember_name(NULL, from_name, to_name);
  pthread_mutex_unlock(&mutex);
}

static void removed(int directory, const char* path, const struct stat* status) {
  char space[PATH_MAX];
  const char* name = name_in_directory(directory, path, space);
  if (!name) return;
  pthread_mutex_lock(&mutex);
  remember_name(NULL, name, NULL);
  struct file* file = find_file(status);
  if (file) file->inode = 0; /* the number may come back for another file */
  pthread_mutex_unlock(&mutex);
}

/* --- the calls
 * ----------------------------------------------------------------------------------------------------- */

#define MODE_OF(flags, mode)               \
  mode_t mode = 0;                         \
  if ((flags) & (O_CREAT | O_TMPFILE)) {   \
    va_list list;                          \
    va_start(list, flags);                 \
    mode = (mode_t)va_arg(list, unsigned); \
    va_end(list);                          \
  }

static int open_and_follow(int directory, const char* path, int flags, mode_t mode) {
  const int fd = real_openat(directory, path, flags, mode);
  opened(fd, directory, path);
  return fd;
}

int open(const char* path, int flags, ...) {
  MODE_OF(flags, mode);
  return open_and_follow(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE_OF(flags, mode);
  return open_and_follow(AT_FDCWD, path, flags, mode);
}
int openat(int directory, const char* path, int flags, ...) {
  MODE_OF(flags, mode);
  return open_and_follow(directory, path, flags, mode);
}
int openat64(int directory, const char* path, int flags, ...) {
  MODE_OF(flags, mode);
  return open_and_follow(directory, path, flags, mode);
}
/* What _FORTIFY_SOURCE makes of calls without a mode. */
int __open_2(const char* path, int flags) { return open_and_follow(AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return open_and_follow(AT_FDCWD, path, flags, 0); }
int __openat_2(int directory, const char* path, int flags) {
  return open_and_follow(directory, path, flags, 0);
}
int __openat64_2(int directory, const char* path, int flags) {
  return open_and_follow(directory, path, flags, 0);
}

int close(int fd) {
  pthread_mutex_lock(&mutex);
  if (fd >= 0 && fd < MAX_FD) {
    file_of_fd[fd] = NULL;
    is_directory[fd] = 0;
  }
  pthread_mutex_unlock(&mutex);
  return real_close(fd);
}

ssize_t write(int fd, const void* bytes, size_t count) {
  REAL(ssize_t, write, int, const void*, size_t);
  const ssize_t done = real(fd, bytes, count);
  if (done > 0 && file_at(fd)) wrote(fd, bytes, done, lseek(fd, 0, SEEK_CUR) - done);
  return done;
}
ssize_t writev(int fd, const struct iovec* vector, int count) {
  REAL(ssize_t, writev, int, const struct iovec*, int);
  const ssize_t done = real(fd, vector, count);
  if (done > 0 && file_at(fd)) wrote_vector(fd, vector, done, lseek(fd, 0, SEEK_CUR) - done);
  return done;
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t at) {
  const ssize_t done = real_pwrite(fd, bytes, count, at);
  wrote(fd, bytes, done, at);
  return done;
}
ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t at) { return pwrite(fd, bytes, count, at); }
ssize_t pwritev(int fd, const struct iovec* vector, int count, off_t at) {
  REAL(ssize_t, pwritev, int, const struct iovec*, int, off_t);
  const ssize_t done = real(fd, vector, count, at);
  if (done > 0 && file_at(fd)) wrote_vector(fd, vector, done, at);
  return done;
}
ssize_t pwritev64(int fd, const struct iovec* vector, int count, off64_t at) {
  return pwritev(fd, vector, count, at);
}

int ftruncate(int fd, off_t size) {
  REAL(int, ftruncate, int, off_t);
  const int done = real(fd, size);
  if (done == 0 && file_at(fd)) {
    pthread_mutex_lock(&mutex);
    remember(file_of_fd[fd], size, NULL, 0);
    pthread_mutex_unlock(&mutex);
  }
  return done;
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

int fsync(int fd) {
  REAL(int, fsync, int);
  return synced(fd, real);
}
int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  return synced(fd, real);
}

int rename(const char* from, const char* to) {
  const int done = real_rename(from, to);
  if (done == 0) renamed(AT_FDCWD, from, AT_FDCWD, to);
  return done;
}
int renameat(int from_directory, const char* from, int to_directory, const char* to) {
  REAL(int, renameat, int, const char*, int, const char*);
  const int done = real(from_directory, from, to_directory, to);
  if (done == 0) renamed(from_directory, from, to_directory, to);
  return done;
}
int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) {
  REAL(int, renameat2, int, const char*, int, const char*, unsigned);
  const int done = real(from_directory, from, to_directory, to, flags);
  if (done == 0) renamed(from_directory, from, to_directory, to);
  return done;
}
int unlinkat(int directory, const char* path, int flags) {
  REAL(int, unlinkat, int, const char*, int);
  struct stat status = {0};
  fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW);
  const int done = real(directory, path, flags);
  if (done == 0 && !(flags & AT_REMOVEDIR)) removed(directory, path, &status);
  return done;
}
int unlink(const char* path) { return unlinkat(AT_FDCWD, path, 0); }
