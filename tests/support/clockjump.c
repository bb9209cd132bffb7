// A clock that is set while a process runs, as by an administrator or after a machine was asleep: preloaded, it adds the
// nanoseconds that stand in the file CLOCKJUMP (8 bytes, of this machine's order) to what CLOCK_REALTIME says. The
// monotonic clocks go on as they are, as they do where a clock is set.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;
static int (*real_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
  real_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  const char *path = getenv("CLOCKJUMP");
  const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) abort();
  void *mapped = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) abort();
  offset = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (real_gettime == NULL) begin();
  const int result = real_gettime(clock, now);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  const int64_t billion = 1000000000;
  const int64_t sum = (int64_t)now->tv_sec * billion + now->tv_nsec + *offset;
  now->tv_sec = sum / billion;
  now->tv_nsec = sum % billion;
  return 0;
}
