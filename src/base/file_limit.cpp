#include "base/file_limit.hpp"

#include <sys/resource.h>

namespace portcullis::base {
namespace {

rlimit limit_at_start{};
bool is_raised = false;

}  // namespace

std::uint64_t raise_file_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (!is_raised) limit_at_start = limit;
  rlimit most = limit;
  most.rlim_cur = most.rlim_max;
  if (limit.rlim_cur == most.rlim_cur || ::setrlimit(RLIMIT_NOFILE, &most) != 0) return limit.rlim_cur;
  is_raised = true;
  return most.rlim_cur;
}

void restore_file_limit() noexcept {
  if (is_raised) ::setrlimit(RLIMIT_NOFILE, &limit_at_start);
}

}  // namespace portcullis::base
