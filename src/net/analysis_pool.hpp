// Threads that analyse large statements, so that those which serve sessions never wait for one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/big_stack_thread.hpp"
#include "net/asio_prefix.hpp"
#include "session/facts_cache.hpp"

namespace portcullis::net {

class AnalysisPool {
 public:
  // Starts the threads, each with the stack that sql::analyze asks for.
  AnalysisPool(std::size_t threads, sql::AnalysisLimits limits);
  // Ends them once what they work on is done.
  ~AnalysisPool();

  // Resumes on the caller's own context.
  asio::awaitable<session::Analysis> analyze(std::string text);

 private:
  sql::AnalysisLimits limits_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::unique_ptr<base::BigStackThread>> threads_;
};

}  // namespace portcullis::net
