// Memory that comes to an end: takes the place of operator new in the whole binary, where it does what it
// always does but while one of these is there.
#pragma once

#include <cstdint>

namespace portcullis::audit::testing {

// From the allocation behind so many on, in whatever thread, all fail.
class ScarceMemory {
 public:
  explicit ScarceMemory(std::int64_t allocations);
  ~ScarceMemory();
  ScarceMemory(const ScarceMemory&) = delete;
  ScarceMemory& operator=(const ScarceMemory&) = delete;
  [[nodiscard]] std::int64_t left() const;  // below 0: so many failed
};

}  // namespace portcullis::audit::testing
