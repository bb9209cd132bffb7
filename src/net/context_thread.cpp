#include "net/context_thread.hpp"

#include <exception>
#include <utility>

#include "base/log.hpp"
#include "sql/analyze.hpp"

namespace portcullis::net {

std::unique_ptr<base::BigStackThread> run_on_thread(asio::io_context& context, std::string who) {
  return std::make_unique<base::BigStackThread>(sql::kAnalysisStackBytes, [&context, who = std::move(who)] {
    sql::prepare_parser_thread();
    for (;;) {
      try {
        context.run();
        return;
      } catch (const std::exception& error) {
        base::log::error(who + " met an unexpected error and goes on: " + error.what());
      }
    }
  });
}

}  // namespace portcullis::net
