#include "net/worker.hpp"

#include <exception>
#include <string>

#include "base/log.hpp"
#include "sql/analyze.hpp"

namespace portcullis::net {

void Worker::start() {
  thread_ = std::make_unique<base::BigStackThread>(sql::kAnalysisStackBytes, [this] {
    sql::prepare_parser_thread();
    for (;;) {
      // Sessions end their own exceptions; whatever still gets here must not take the others down.
      try {
        context_.run();
        return;
      } catch (const std::exception& error) {
        base::log::error(std::string("a worker met an unexpected error and goes on: ") + error.what());
      }
    }
  });
}

}  // namespace portcullis::net
