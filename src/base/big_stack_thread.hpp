// A joinable thread with a stack of a given size, which std::thread cannot give: PostgreSQL's grammar
// recurses deeper than the system's default stack holds.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

namespace portcullis::base {

class BigStackThread {
 public:
  // Runs `work` at once. Throws std::system_error when the system gives no thread or no such stack. An
  // exception that leaves `work` ends the process, as with std::thread.
  BigStackThread(std::size_t stack_bytes, std::function<void()> work) {
    auto owned = std::make_unique<std::function<void()>>(std::move(work));
    pthread_attr_t attributes;
    check(pthread_attr_init(&attributes));
    int failure = pthread_attr_setstacksize(&attributes, stack_bytes);
    if (failure == 0) failure = pthread_create(&thread_, &attributes, &BigStackThread::run, owned.get());
    pthread_attr_destroy(&attributes);
    check(failure);
    owned.release();  // the thread owns it from here on
  }
  BigStackThread(const BigStackThread&) = delete;
  BigStackThread& operator=(const BigStackThread&) = delete;
  // Waits for the end of `work`, unless join() has.
  ~BigStackThread() { join(); }

  // Any thread but this one; a second call does nothing.
  void join() noexcept {
    if (!std::exchange(joinable_, false)) return;
    pthread_join(thread_, nullptr);
  }

 private:
  static void check(int failure) {
    if (failure != 0) throw std::system_error(failure, std::generic_category(), "cannot start a thread");
  }
  static void* run(void* work) noexcept {
    const std::unique_ptr<std::function<void()>> owned(static_cast<std::function<void()>*>(work));
    (*owned)();
    return nullptr;
  }

  pthread_t thread_{};
  bool joinable_ = true;
};

// Runs `work` on such a thread and waits for it.
inline void run_with_stack(std::size_t stack_bytes, std::function<void()> work) {
  BigStackThread(stack_bytes, std::move(work)).join();
}

}  // namespace portcullis::base
