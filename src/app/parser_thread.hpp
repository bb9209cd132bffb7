// Runs what judges statements outside the gate's own threads: the analysis needs a large stack and a prepared
// thread.
#pragma once

#include <functional>
#include <utility>

#include "base/big_stack_thread.hpp"
#include "sql/analyze.hpp"

namespace portcullis::app {

// Returns when `work` has. Once or a few times a process (sql::prepare_parser_thread), not for each
// statement.
inline void on_parser_thread(std::function<void()> work) {
  base::run_with_stack(sql::kAnalysisStackBytes, [&work] {
    sql::prepare_parser_thread();
    work();
  });
}

}  // namespace portcullis::app
