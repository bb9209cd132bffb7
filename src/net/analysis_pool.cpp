#include "net/analysis_pool.hpp"

#include <utility>

#include "sql/analyze.hpp"

namespace portcullis::net {

AnalysisPool::AnalysisPool(std::size_t threads, sql::AnalysisLimits limits)
    : limits_(limits), work_(asio::make_work_guard(context_)) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.push_back(std::make_unique<base::BigStackThread>(sql::kAnalysisStackBytes, [this] {
      sql::prepare_parser_thread();
      context_.run();
    }));
  }
}

AnalysisPool::~AnalysisPool() {
  work_.reset();
  for (auto& thread : threads_) thread->join();
}

asio::awaitable<session::Analysis> AnalysisPool::analyze(std::string text) {
  const auto home = co_await asio::this_coro::executor;
  auto done = std::make_shared<asio::steady_timer>(home, asio::steady_timer::time_point::max());
  auto result = std::make_shared<session::Analysis>();
  asio::post(context_, [limits = limits_, text = std::move(text), home, done, result] {
    auto analysis = std::make_shared<const base::Result<sql::Facts>>(sql::analyze(text, limits));
    // The timer belongs to the caller's thread: hand over there.
    asio::post(home, [done, result, analysis] {
      *result = analysis;
      done->cancel();
    });
  });
  const auto [cancelled] = co_await done->async_wait(no_throw);
  (void)cancelled;
  co_return *result;
}

}  // namespace portcullis::net
