#include "net/analysis_pool.hpp"

#include <utility>

#include "net/context_thread.hpp"
#include "net/elsewhere.hpp"
#include "sql/analyze.hpp"

namespace portcullis::net {

AnalysisPool::AnalysisPool(std::size_t threads, sql::AnalysisLimits limits)
    : limits_(limits), work_(asio::make_work_guard(context_)) {
  for (std::size_t i = 0; i < threads; ++i) threads_.push_back(run_on_thread(context_, "an analysis"));
}

AnalysisPool::~AnalysisPool() {
  work_.reset();
  for (auto& thread : threads_) thread->join();
}

asio::awaitable<session::Analysis> AnalysisPool::analyze(std::string text) {
  std::function<session::Analysis()> work = [limits = limits_, text = std::move(text)] {
    return std::make_shared<const base::Result<sql::Facts>>(sql::analyze(text, limits));
  };
  session::Analysis analysis = co_await run_elsewhere(context_.get_executor(), std::move(work));
  co_return analysis;
}

}  // namespace portcullis::net
