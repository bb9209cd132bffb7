#include "tests/unit/audit/scarce_memory.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<bool> is_scarce = false;
std::atomic<std::int64_t> remaining = 0;

}  // namespace

void* operator new(std::size_t size) {
  const bool fails = is_scarce && remaining.fetch_sub(1) <= 0;
  void* const memory = fails ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
// AddressSanitizer has one of its own, which would not go with the operator delete below.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return ::operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace portcullis::audit::testing {

ScarceMemory::ScarceMemory(std::int64_t allocations) {
  remaining = allocations;
  is_scarce = true;
}

ScarceMemory::~ScarceMemory() {
  is_scarce = false;
}

std::int64_t ScarceMemory::left() const {
  return remaining;
}

}  // namespace portcullis::audit::testing
