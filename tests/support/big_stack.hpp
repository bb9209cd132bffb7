// Runs code on a thread with the stack that sql::analyze() asks for. There is one such thread for the whole
// test program, for each thread that parses takes a pthread key for good.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "base/big_stack_thread.hpp"
#include "sql/analyze.hpp"

namespace portcullis::testing {

class AnalysisThread {
 public:
  static AnalysisThread& instance() {
    static AnalysisThread thread;
    return thread;
  }

  // Returns when `work` has; what it throws is thrown here.
  void run(const std::function<void()>& work) {
    std::unique_lock lock(mutex_);
    work_ = &work;
    failure_ = nullptr;
    changed_.notify_all();
    changed_.wait(lock, [&] { return work_ == nullptr; });
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  AnalysisThread() : thread_(sql::kAnalysisStackBytes, [this] { serve(); }) {}
  ~AnalysisThread() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void serve() {
    sql::prepare_parser_thread();
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return work_ != nullptr || stopping_; });
      if (stopping_) return;
      try {
        (*work_)();
      } catch (...) {
        failure_ = std::current_exception();
      }
      work_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* work_ = nullptr;
  std::exception_ptr failure_;
  bool stopping_ = false;
  base::BigStackThread thread_;  // last: it uses what stands above
};

// What `work` returns.
template <class Work>
auto on_big_stack(Work work) {
  std::optional<decltype(work())> result;
  AnalysisThread::instance().run([&] { result.emplace(work()); });
  return *std::move(result);
}

inline base::Result<sql::Facts> analyze_on_big_stack(std::string_view text,
                                                     const sql::AnalysisLimits& limits = {}) {
  return on_big_stack([&] { return sql::analyze(text, limits); });
}

}  // namespace portcullis::testing
