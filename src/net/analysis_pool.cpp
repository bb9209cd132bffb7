#include "net/analysis_pool.hpp"

#include <exception>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "net/elsewhere.hpp"
#include "sql/analyze.hpp"

namespace portcullis::net {

AnalysisPool::AnalysisPool(std::size_t threads, sql::AnalysisLimits limits)
    : limits_(limits), work_(asio::make_work_guard(context_)) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.push_back(std::make_unique<base::BigStackThread>(sql::kAnalysisStackBytes, [this] {
      sql::prepare_parser_thread();
      for (;;) {
        // Who waits for an analysis gets its exceptions; whatever still gets here must not end the gate.
        try {
          context_.run();
          return;
        } catch (const std::exception& error) {
          base::log::error(std::string("an analysis met an unexpected error: ") + error.what());
        }
      }
    }));
  }
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
